/** The task queue: where it is kept, what tasks get, who may register and be told. */

import { isIP } from 'node:net';
import * as z from 'zod';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';
import { count, milliseconds, secretFields, text, textLike } from './fields.ts';

const CIDR_WORDS = 'an address range such as 10.0.0.0/8 or fd00::/8';
const PORTS_WORDS = 'a port or a range of ports such as 8000 or 1024-65535';

const cidr = () => text().refine(isCidr, CIDR_WORDS).meta({ patternErrorMessage: CIDR_WORDS });

const ports = () =>
  z.union([
    z.int().min(1).max(65_535),
    text().refine(isPortRange, PORTS_WORDS).meta({ patternErrorMessage: PORTS_WORDS }),
  ]);

function isCidr(value: string): boolean {
  const [address = '', length, ...rest] = value.split('/');
  const longest = { 4: 32, 6: 128 }[isIP(address)];
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (longest ?? -1));
  return longest !== undefined && isLength && rest.length === 0 && !address.includes('%');
}

function isPortRange(value: string): boolean {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  return match !== null && from >= 1 && to <= 65_535 && from <= to;
}

const store = z
  .strictObject({
    ...secretFields('url', 'Address of a PostgreSQL, as in postgres://user@host/database.'),
    directory: text()
      .optional()
      .describe(
        'Directory of the embedded store, relative to this file; of one process alone. Default: `signalbox-tasks`.',
      ),
    memory: z
      .boolean()
      .default(false)
      .describe('Keep tasks in memory alone: they are gone when the process ends.'),
  })
  .optional()
  .describe(
    'Where tasks are kept: one of a PostgreSQL that several processes may share, a directory, and memory. Default: a directory, made when the first task comes.',
  );

const retention = z
  .strictObject({
    maxFinishedTasks: count(0)
      .default(1_000_000)
      .describe('Tasks that have ended beyond this number are deleted, the oldest first.'),
    maxFinishedAgeMs: count(1)
      .default(30 * 86_400_000)
      .describe('Milliseconds after their end at which tasks are deleted.'),
    intervalMs: milliseconds(100).default(60_000).describe('Milliseconds between two deletions.'),
  })
  .prefault({})
  .describe('How long tasks that have ended are kept.');

const registration = z
  .strictObject({
    allowedCidrs: z
      .array(cidr())
      .default([
        '127.0.0.0/8',
        '::1/128',
        '10.0.0.0/8',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '100.64.0.0/10',
        'fc00::/7',
      ])
      .describe(
        'Addresses that may be registered, looked at after name resolution. Those of cloud metadata services never.',
      ),
    allowedPorts: z.array(ports()).default(['1024-65535']).describe('Ports that may be registered.'),
    timeoutMs: milliseconds()
      .default(5_000)
      .describe('Milliseconds that an instance has to say what it is, at its registration and later.'),
  })
  .prefault({})
  .describe('Which instances may register themselves.');

const webhooks = z
  .strictObject({
    ...secretFields('secret', 'What webhooks are signed with (HMAC-SHA256).'),
    timeoutMs: milliseconds().default(10_000).describe('Milliseconds that a webhook may take.'),
    maxTries: count().default(12).describe('How often a webhook is tried before it is given up.'),
    retryBaseMs: milliseconds()
      .default(5_000)
      .describe('Milliseconds before the second try, at most; each further wait is twice as long.'),
    retryMaxMs: milliseconds()
      .default(3_600_000)
      .describe('The longest wait between two tries, milliseconds.'),
    maxConcurrency: count().default(16).describe('The most webhooks that are told at a time.'),
    allowsPublicAddresses: z
      .boolean()
      .default(true)
      .describe('Whether addresses of the public internet may be told.'),
    allowedCidrs: z
      .array(cidr())
      .default([])
      .describe('Private addresses that may be told besides. Those of cloud metadata services never.'),
    allowedPorts: z.array(ports()).default(['1-65535']).describe('Ports that may be told.'),
  })
  .prefault({})
  .describe('Calls that tell of the end of a task.');

/** Compared with the strategies there are by a test of the whole house. */
export const TASK_STRATEGIES = [
  'shortest_queue',
  'round_robin',
  'weighted',
  'probabilistic',
  'min_time',
  'serverless',
  'po2',
  'random',
  'adaptive_bootstrap',
  'inverse_queue_size',
  'inverse_expected',
  'gaussian_shortest',
  'signalbox',
] as const;

const strategyFile = () =>
  textLike(/^\.{0,2}\/\S+\.(ts|mts|js|mjs)$/, 'a path such as ./my-strategy.ts').describe(
    'A strategy of your own: a TypeScript or JavaScript file, relative to this one.',
  );

export const tasksSection = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Offer the task queue on the control listener.'),
    store,
    strategy: z
      .union([z.enum(TASK_STRATEGIES), strategyFile()])
      .default('shortest_queue')
      .describe(
        'Which instance gets a task: a name, or a file of your own. What is set by `POST /scheduler/set` is stored and holds, also after a restart, until something else stands here.',
      ),
    maxInFlightPerInstance: count()
      .default(32)
      .describe(
        'Tasks that a task instance may have at a time; with more than half as many replicas, two each.',
      ),
    maxInstanceShare: z
      .number()
      .gt(0)
      .max(1)
      .default(0.8)
      .describe(
        'Share of an engine’s window that tasks may fill; the rest stays free for interactive requests.',
      ),
    defaultPriority: z
      .enum(REQUEST_PRIORITIES)
      .default('BACKGROUND')
      .describe('The class of a task that names none.'),
    maxPriority: z
      .enum(REQUEST_PRIORITIES)
      .default('LOW')
      .describe('The highest class in which tasks stand in line with interactive requests.'),
    maxRetries: count(0)
      .max(1_000)
      .default(3)
      .describe('How often a task is tried again after failures that may pass, unless it says otherwise.'),
    retryBaseMs: milliseconds()
      .default(1_000)
      .describe('Milliseconds before the second try, at most; each further wait is twice as long.'),
    retryMaxMs: milliseconds().default(60_000).describe('The longest wait between two tries, milliseconds.'),
    timeoutMs: milliseconds()
      .default(3_600_000)
      .describe('Milliseconds that one try may take, unless the task says otherwise.'),
    keepResultMs: count(0)
      .default(7 * 86_400_000)
      .describe('Milliseconds that a result is kept, unless the task says otherwise.'),
    maxResultBytes: count(1_024)
      .default(32 * 1024 * 1024)
      .describe('The largest result that is stored, bytes; a task with a larger one fails.'),
    maxFileBytes: count(1_024)
      .default(100 * 1024 * 1024)
      .describe('The largest file that `POST /v1/files` takes, bytes; it is held in memory while it comes.'),
    submitTimeoutMs: milliseconds()
      .default(30_000)
      .describe('Milliseconds that a task instance has to take a task.'),
    instanceCheckIntervalMs: milliseconds(10)
      .default(5_000)
      .describe('Milliseconds between two looks at a task instance.'),
    instanceLostAfterMs: milliseconds()
      .default(30_000)
      .describe(
        'Milliseconds out of reach after which a task instance has lost its tasks; they go elsewhere.',
      ),
    heartbeatMs: milliseconds(300)
      .default(15_000)
      .describe(
        'Milliseconds of silence after which other processes on the same store take over what one had.',
      ),
    retention,
    registration,
    webhooks,
  })
  .prefault({})
  .describe('The durable task queue.');
