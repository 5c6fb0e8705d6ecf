/**
 * Transcripts of the existing scheduler's API, step by step against ours. Where ours departs on purpose, the fault or the document that is
 * followed is named: what changes nothing else is passed over, anything else ends the comparison there.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { emptyStore, type InstanceFacts, openWorld, type World } from './api-world.ts';
import { type Check, differencesOf, type Verdict } from './verdict.ts';

type Json = Readonly<Record<string, unknown>>;

interface Step {
  readonly env?: InstanceFacts & { readonly advance_ms?: number; readonly predictor?: unknown };
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly json?: Json;
  };
  readonly status?: number;
  readonly body?: unknown;
  readonly outbound?: readonly { readonly method: string; readonly url: string; readonly json?: unknown }[];
}

interface Answered {
  readonly step: Step;
  /** As the transcript set it last. */
  readonly strategy: string;
  /** Whether a strategy was set while tasks were under way. */
  readonly hasSwitched: boolean;
  readonly status: number;
  readonly body: unknown;
}

interface Departure {
  readonly why: string;
  /** Whether what follows can still be compared. */
  readonly isHarmless: boolean;
  fits(answered: Answered): boolean;
}

const at =
  (path: string) =>
  ({ step }: Answered) =>
    step.request?.path === path;
const both =
  (...tests: readonly Departure['fits'][]): Departure['fits'] =>
  (answered) =>
    tests.every((test) => test(answered));
const expects =
  (test: (body: Json, status: number) => boolean) =>
  ({ step }: Answered) =>
    test((step.body ?? {}) as Json, step.status ?? 0);
const isRefusal = ({ body }: Answered) => ['error', 'warning'].includes(String((body as Json).status));

const DEPARTURES: readonly Departure[] = [
  {
    why: 'fault S7: waits are always 0 there',
    isHarmless: true,
    fits: both(at('/queue/info'), ({ status, body }) => status === 200 && isSameButWaits(body)),
  },
  {
    why: 'fault S7: an instance without a model makes the list of queues fail there',
    isHarmless: true,
    fits: both(
      at('/queue/info'),
      expects((_, status) => status === 500),
    ),
  },
  {
    why: 'the document registers by host and port alone',
    isHarmless: true,
    fits: both(at('/ti/register'), ({ step }) => step.request?.json?.model_name === undefined),
  },
  {
    why: 'the document removes by ti_uuid',
    isHarmless: true,
    fits: both(at('/ti/remove'), ({ step }) => step.request?.json?.ti_uuid !== undefined),
  },
  {
    why: 'fault S8: an instance that does not answer is registered there',
    isHarmless: false,
    fits: both(
      at('/ti/register'),
      expects(({ status }) => status === 'success'),
      isRefusal,
    ),
  },
  {
    why: 'the same address registered twice is two instances there',
    isHarmless: false,
    fits: both(
      at('/ti/register'),
      expects(({ status }) => status === 'success'),
    ),
  },
  {
    why: 'fault S5: a result deletes its task there',
    isHarmless: true,
    fits: (answered) =>
      ['/task/query', '/task/all_tasks', '/result/fetch_all_completed'].includes(
        answered.step.request?.path ?? '',
      ) && hasCompleted(answered.body),
  },
  {
    why: 'fault S6: a result cannot be fetched there',
    isHarmless: true,
    fits: both(
      at('/result/fetch'),
      expects((_, status) => status === 500),
    ),
  },
  {
    why: 'fault S4: whoever reports has done the task there',
    isHarmless: false,
    fits: both(
      (answered) => isReport(answered),
      expects(({ status }) => status === 'success'),
      isRefusal,
    ),
  },
  {
    why: 'a time of 0 is not told there',
    isHarmless: true,
    fits: both(
      isReport,
      expects(({ status }) => status === 'success'),
      ({ body }) => /"total_time_ms":0\b|total time: 0\.00ms/.test(JSON.stringify(body)),
    ),
  },
  {
    why: 'a report for a task or from an instance that nobody knows has a status of its own',
    isHarmless: true,
    fits: both(isReport, ({ status, body }) => status === 404 || isRefusal({ body } as Answered)),
  },
  {
    why: 'fault S9: a task that its instance refuses is answered 503 there and left behind; here it waits and is tried again',
    isHarmless: false,
    fits: both(
      ({ step }) => /^\/queue\/submit/.test(step.request?.path ?? ''),
      ({ step }) => JSON.stringify(step.body).includes('Failed to schedule task'),
    ),
  },
  {
    why: 'queues change only after the answer there, so that the tasks of a batch go to one instance',
    isHarmless: false,
    fits: both(at('/queue/submit_batch'), ({ step, status }) => status === 200 && step.status === 200),
  },
  {
    why: 'fault S2: instances that come later have no distribution there',
    isHarmless: false,
    fits: both(
      at('/queue/submit'),
      expects((_, status) => status === 500),
    ),
  },
  {
    why: 'fault S1: weighted takes the smallest uuid there',
    isHarmless: false,
    fits: both(isChoice, ({ strategy }) => strategy === 'weighted'),
  },
  {
    why: 'probabilistic draws from another generator there',
    isHarmless: false,
    fits: both(isChoice, ({ strategy }) => strategy === 'probabilistic'),
  },
  {
    why: 'fault 10: a strategy that is set anew forgets what is under way there',
    isHarmless: false,
    fits: both(isChoice, ({ hasSwitched }) => hasSwitched),
  },
  {
    why: 'more strategies to choose from',
    isHarmless: true,
    fits: both(at('/scheduler/set'), ({ step, body }) =>
      String((body as Json).message).startsWith(String((step.body as Json).message)),
    ),
  },
  {
    why: 'the mode is really switched here',
    isHarmless: true,
    fits: both(at('/scheduler/predict_mode'), ({ body }) => (body as Json).message === 'OK'),
  },
  {
    why: 'paths of no API are told of in another shape',
    isHarmless: true,
    fits: ({ step, status }) => status === step.status && (status === 404 || status === 405),
  },
];

const REPORTS = ['/result/submit', '/notify/task_complete'];

/** Only who was chosen may be another. */
function isChoice({ step, status, body }: Answered): boolean {
  const isSubmission = step.request?.path === '/queue/submit' && status === 200 && step.status === 200;
  return isSubmission && (body as Json).scheduled_ti !== (step.body as Json).scheduled_ti;
}

function isReport({ step }: Answered): boolean {
  return REPORTS.includes(step.request?.path ?? '');
}

function isSameButWaits(body: unknown): boolean {
  const { queues = [] } = body as { readonly queues?: readonly Json[] };
  return queues.every(
    ({ waiting_time_expect: mean, waiting_time_error: error }) =>
      typeof mean === 'number' && mean >= 0 && typeof error === 'number' && error >= 0,
  );
}

const hasCompleted = (body: unknown): boolean => JSON.stringify(body).includes('"completed"');

const SKIPPED: Readonly<Record<string, string>> = {
  'gq.api.shortest_queue_with_predictor':
    'fault S13: the predictor is asked after the choice, and where it fails the chosen instance looks idle for ever',
  'gq.api.async_lockfree': 'fault S10: the asynchronous mode cannot be used',
};

export const checkTranscript: Check = async ({ kind, expect }) => {
  const known = SKIPPED[kind];
  if (known !== undefined) return { skip: known };
  const { steps } = expect as { readonly steps: readonly Step[] };
  const world = await openWorld(await emptyStore(), addressesByUuid(steps), 1_700_000_000_000);
  try {
    return await compare(steps, world);
  } finally {
    await world.close();
  }
};

async function compare(steps: readonly Step[], world: World): Promise<Verdict> {
  const labels = new Labels(world, addressesOf(steps));
  const departures = new Set<string>();
  let strategy = 'shortest_queue';
  let hasSubmitted = false;
  let hasSwitched = false;
  for (const [index, step] of steps.entries()) {
    if (step.env !== undefined) setUp(world, step.env);
    if (step.request === undefined) continue;
    const answered = { ...(await answer(world, labels, step)), strategy, hasSwitched };
    const { path, json } = step.request;
    hasSubmitted ||= path.startsWith('/queue/submit');
    if (path === '/scheduler/set' && (step.body as Json).status === 'success') {
      strategy = String(json?.name);
      hasSwitched = hasSubmitted;
    }
    const differences = differencesBetween(answered, labels);
    if (differences.length > 0) {
      const departure = DEPARTURES.find(({ fits }) => fits(answered));
      if (departure === undefined) {
        return { differences: differences.map((text) => `step ${index} ${path}${text}`) };
      }
      departures.add(departure.why);
      if (!departure.isHarmless)
        return { skip: `${[...departures].join('; ')}; up to there the record agrees` };
      continue;
    }
    const missing = await outboundDifferences(world, labels, step);
    if (missing.length > 0) return { differences: missing.map((text) => `step ${index} outbound${text}`) };
  }
  if (departures.size === 0) return { differences: [] };
  return { skip: `${[...departures].join('; ')}; all else in the record agrees` };
}

function setUp(world: World, env: NonNullable<Step['env']>): void {
  if (env.advance_ms !== undefined) world.clock.advance(env.advance_ms);
  if (env.task_instance !== undefined) world.set(env);
}

async function answer(
  world: World,
  labels: Labels,
  step: Step,
): Promise<Pick<Answered, 'step' | 'status' | 'body'>> {
  const { method, path, query = {}, json } = step.request!;
  const response = await world.call(
    method,
    path,
    labels.outwards(query) as Readonly<Record<string, string>>,
    labels.outwards(json),
  );
  const text = await response.text();
  return { step, status: response.status, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { __text__: text };
  }
}

function differencesBetween(
  { step, status, body }: Pick<Answered, 'step' | 'status' | 'body'>,
  labels: Labels,
): readonly string[] {
  if (status !== step.status) return [`: status ${status}, expected ${step.status}: ${JSON.stringify(body)}`];
  labels.bind(step.body, body);
  return differencesOf(withoutClock(labels.inwards(body)), withoutClock(step.body), 0.01);
}

/** Ends are stamped by the storage's clock, which no transcript can set. */
function withoutClock(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, each: unknown) =>
      key === 'completion_time' && typeof each === 'number' ? 'a time' : each,
    ),
  );
}

async function outboundDifferences(world: World, labels: Labels, step: Step): Promise<readonly string[]> {
  const expected = (step.outbound ?? []).filter(
    ({ method, url }) => method === 'POST' && url.endsWith('/queue/submit'),
  );
  if (expected.length === 0) return [];
  for (let tries = 0; tries < 400 && world.submitted.length < expected.length; tries++) await sleep(5);
  const found = world.submitted.splice(0);
  // Several are sent at once, and may arrive in any order.
  const sorted = (calls: readonly { readonly instance: string; readonly json: unknown }[]) =>
    calls.map((call) => JSON.stringify(call)).sort();
  const wanted = expected.map(({ url, json }) => ({ instance: new URL(url).host, json }));
  return differencesOf(sorted(labels.inwards(found) as typeof wanted), sorted(wanted));
}

/** `host:port` of every instance that the transcript sets up, and its UUID there. */
function addressesOf(steps: readonly Step[]): ReadonlyMap<string, string> {
  const uuids = new Map<string, string>();
  for (const { env, request, body } of steps) {
    if (env?.task_instance !== undefined && !uuids.has(env.task_instance)) uuids.set(env.task_instance, '');
    const { host, port } = (request?.json ?? {}) as { readonly host?: string; readonly port?: number };
    const address = `${host}:${port}`;
    const uuid = (body as Json | undefined)?.ti_uuid;
    if (request?.path === '/ti/register' && uuids.get(address) === '') uuids.set(address, String(uuid));
  }
  return uuids;
}

function addressesByUuid(steps: readonly Step[]): readonly string[] {
  return [...addressesOf(steps)].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([address]) => address);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Addresses and ids are only names: the transcript's on its side, ours on the other. */
class Labels {
  readonly #ours = new Map<string, string>();
  readonly #theirs = new Map<string, string>();
  readonly #world: World;
  readonly #addresses: readonly string[];

  constructor(world: World, addresses: ReadonlyMap<string, string>) {
    this.#world = world;
    this.#addresses = [...addresses.keys()];
    for (const address of this.#addresses) this.#join(address, world.place(address)!);
  }

  #join(theirs: string, ours: string): void {
    this.#ours.set(theirs, ours);
    this.#theirs.set(ours, theirs);
  }

  /** An id seen for the first time stands for the one in the same place. */
  bind(expected: unknown, found: unknown): void {
    if (typeof expected === 'string' && typeof found === 'string') {
      const isNew = !this.#ours.has(expected) && !this.#theirs.has(found);
      if (isNew && UUID.test(expected) && UUID.test(found)) this.#join(expected, found);
    } else if (
      typeof expected === 'object' &&
      expected !== null &&
      typeof found === 'object' &&
      found !== null
    ) {
      for (const [key, each] of Object.entries(expected)) this.bind(each, (found as Json)[key]);
    }
  }

  outwards(value: unknown): unknown {
    const request = this.#replaced(value, this.#ours);
    if (typeof request !== 'object' || request === null) return request;
    const { host, port } = request as { readonly host?: unknown; readonly port?: unknown };
    const place = this.#world.place(`${String(host)}:${String(port)}`);
    if (place === undefined) return request;
    const [ourHost, ourPort] = place.split(':');
    const sameKind = typeof port === 'string' ? ourPort : Number(ourPort);
    return { ...request, host: ourHost, port: sameKind };
  }

  inwards(value: unknown): unknown {
    const answer = this.#replaced(value, this.#theirs);
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return answer;
    const { host, port } = answer as { readonly host?: unknown; readonly port?: unknown };
    const theirs = this.#theirs.get(`${String(host)}:${String(port)}`);
    if (theirs === undefined) return answer;
    const cut = theirs.lastIndexOf(':');
    return { ...answer, host: theirs.slice(0, cut), port: Number(theirs.slice(cut + 1)) };
  }

  /** Also inside of longer texts, such as messages. */
  #replaced(value: unknown, names: ReadonlyMap<string, string>): unknown {
    if (value === undefined) return undefined;
    let text = JSON.stringify(value);
    for (const [from, to] of names) text = text.replaceAll(from, to);
    return JSON.parse(text);
  }
}
