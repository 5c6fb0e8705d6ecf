/** How the process runs: limits, timeouts, logging, what callers may hint, what is remembered. */

import * as z from 'zod';
import { count, milliseconds, positive, text } from './fields.ts';

export const limitsSection = z
  .strictObject({
    maxBodyBytes: count(1_024)
      .default(32 * 1024 * 1024)
      .describe('The largest request body, bytes; beyond it 413.'),
    maxHeaderBytes: count(1_024)
      .default(16 * 1024)
      .describe('The largest request head, bytes; beyond it 431.'),
    headTimeoutMs: milliseconds()
      .default(30_000)
      .describe('Milliseconds that a caller may take to send a request’s head.'),
    bodyIdleTimeoutMs: milliseconds()
      .default(30_000)
      .describe('Milliseconds without a byte of the body after which a caller is given up.'),
    bodyTimeoutMs: milliseconds()
      .default(300_000)
      .describe('Milliseconds that a caller may take to send the whole body.'),
    writeIdleTimeoutMs: milliseconds()
      .default(60_000)
      .describe('Milliseconds that a caller may take nothing of what is written to it.'),
    keepAliveTimeoutMs: milliseconds()
      .default(75_000)
      .describe('Milliseconds that a caller’s connection stays open between two requests.'),
    commentIntervalMs: milliseconds(0)
      .default(10_000)
      .describe('Milliseconds between the comments that keep a waiting stream alive; 0 sends none.'),
  })
  .prefault({})
  .describe('What callers may send, and how long things may take on their side.');

export const upstreamSection = z
  .strictObject({
    connectTimeoutMs: milliseconds().default(5_000).describe('Milliseconds to connect to an instance.'),
    keepAliveTimeoutMs: milliseconds()
      .default(4_000)
      .describe('Milliseconds that a connection to an instance stays open between two requests.'),
    firstByteTimeoutMs: milliseconds()
      .default(600_000)
      .describe(
        'Milliseconds from dispatch to the first byte of the answer; then another instance is tried.',
      ),
    idleTimeoutMs: milliseconds().default(120_000).describe('Milliseconds of silence within an answer.'),
    pushBackMs: milliseconds(0)
      .default(1_000)
      .describe('Milliseconds that an instance rests that answers 429 without saying how long.'),
    retriedStatuses: z
      .array(z.int().min(400).max(599))
      .default([502, 503, 504])
      .describe('Statuses of an instance after which another one is tried.'),
    forwardsCredentials: z
      .boolean()
      .default(false)
      .describe('Send the keys of callers on to instances that have no `apiKey` of their own.'),
  })
  .prefault({})
  .describe('How requests are sent to instances.');

export const tokenEstimateSection = z
  .strictObject({
    bytesPerToken: positive().default(4).describe('Bytes of prompt text that make a token.'),
    tokensPerAttachment: count(0)
      .default(576)
      .describe('Tokens that an image, a sound or a file counts for.'),
  })
  .prefault({})
  .describe('How the length of a prompt is estimated.');

export const shutdownSection = z
  .strictObject({
    graceMs: milliseconds(0)
      .default(30_000)
      .describe('Milliseconds that requests in flight have to finish after SIGTERM.'),
  })
  .prefault({})
  .describe('How the process stops.');

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;

export const loggingSection = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').describe('The least important lines that are written.'),
    format: z
      .enum(LOG_FORMATS)
      .default('auto')
      .describe('`auto` is pretty on a terminal and JSON elsewhere.'),
  })
  .prefault({})
  .describe('Logs.');

export const REASON_HEADERS = ['off', 'on-request', 'always'] as const;

export const hintsSection = z
  .strictObject({
    trustHeaders: z
      .boolean()
      .default(true)
      .describe('Take `x-signalbox-*` headers of callers as hints: priority, deadline, SLOs, session.'),
    trustUserHeader: z
      .boolean()
      .default(true)
      .describe('Take `X-OpenWebUI-User-Id` as the tenant where no API key names one.'),
    reasonHeader: z
      .enum(REASON_HEADERS)
      .default('on-request')
      .describe(
        'Who is told in `x-signalbox-reason` why their request went where it went; `on-request` are those who send `x-signalbox-explain: 1`.',
      ),
  })
  .prefault({})
  .describe('What is believed of what callers say, and what they are told.');

export const decisionsSection = z
  .strictObject({
    keep: count(0)
      .max(1_000_000)
      .default(1_000)
      .describe('How many decisions stay in memory to be asked for.'),
  })
  .prefault({})
  .describe('The record of decisions.');

export const reloadSection = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Watch this file and take over valid changes.'),
    pollMs: milliseconds(10).default(1_000).describe('Milliseconds between two looks at the file.'),
  })
  .prefault({})
  .describe('Hot reload.');

export const seedSection = z
  .int()
  .min(0)
  .max(4_294_967_295)
  .optional()
  .describe('Seed of every random choice, so that a run can be repeated. Default: another at each start.');

export const f5Section = z
  .strictObject({
    file: text()
      .optional()
      .describe(
        'The existing scheduler’s own file, relative to this one; it is watched by itself. Default: none.',
      ),
    settings: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('What that file would say, written here instead; docs/f5.md lists it. Default: none.'),
    listener: z
      .enum(['own', 'control'])
      .default('own')
      .describe(
        'Where the select API is: on the listener that the file names, or only on the control listener.',
      ),
  })
  .optional()
  .describe(
    'The select API for F5 BIG-IP LTM and other load balancers. A change needs a restart. Default: none.',
  );
