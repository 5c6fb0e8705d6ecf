/** What is asked of a house: how many tasks it takes in and sends out in a second, how long one takes alone, and what a long queue changes. */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { NewTask } from '../../src/client/index.ts';
import { ENGINE_MODEL, FULL_MODEL, HOSTED_MODEL, type House, post } from './house.ts';

const BATCH = 1_000;
const CALLERS = 64;
/** Enough for a median that a few hiccups do not move. */
const LATENCIES = 200;
const LOOKS = 101;

const aTask = (model: string): NewTask & { readonly id: string } => ({
  id: randomUUID(),
  model,
  input: { model, messages: [{ role: 'user', content: 'Say in one sentence why the sky is blue.' }] },
});
const tasks = (model: string, count: number) => Array.from({ length: count }, () => aTask(model));

export interface Rates {
  /** One caller, one task a call. */
  readonly submitOneByOne: number;
  readonly submitByManyCallers: number;
  readonly submitInBatches: number;
  /** Tasks that all become due at once: from the first that starts to the last that has a result. */
  readonly dispatched: number;
}

/** Tasks a second. */
export async function measureRates(house: House, count: number): Promise<Rates> {
  const { client } = house;
  const one = () => client.submit(aTask(FULL_MODEL));
  const submitOneByOne = await rate(Math.min(300, count), one);
  const submitByManyCallers = await rate(count, one, CALLERS);
  const submitBatch = () => client.submitBatch(FULL_MODEL, tasks(FULL_MODEL, BATCH));
  const batches = await rate(Math.max(1, Math.round(count / BATCH)), submitBatch);
  return {
    submitOneByOne: Math.round(submitOneByOne),
    submitByManyCallers: Math.round(submitByManyCallers),
    submitInBatches: Math.round(batches * BATCH),
    dispatched: Math.round(await dispatched(house, count)),
  };
}

async function dispatched({ client, hosted }: House, count: number): Promise<number> {
  const before = hosted.received.length;
  const notBeforeMs = Date.now() + 5_000 + count;
  const all = tasks(HOSTED_MODEL, count).map((task) => ({ ...task, notBeforeMs }));
  for (let from = 0; from < count; from += BATCH) {
    await client.submitBatch(HOSTED_MODEL, all.slice(from, from + BATCH));
  }
  if (Date.now() > notBeforeMs)
    throw new Error('submitting took longer than was thought: nothing was measured');
  await until(() => hosted.received.length > before);
  const began = performance.now();
  await until(() => hosted.received.length >= before + count && hosted.held === 0);
  // By priority, then age: the last results are among those of the last tasks.
  for (const { id } of all.slice(-200)) await client.wait(id);
  return (count / (performance.now() - began)) * 1000;
}

export interface Latencies {
  /** Submitted and waited for, or called directly: medians of both in milliseconds, and their difference. */
  readonly hostedMs: number;
  readonly hostedDirectMs: number;
  readonly hostedAddedMs: number;
  readonly engineMs: number;
  readonly engineDirectMs: number;
  readonly engineAddedMs: number;
}

/** One task at a time, in turns with a direct call of the same instance. */
export async function measureLatency(house: House): Promise<Latencies> {
  const { client, hosted, engineUrl } = house;
  const throughQueue = (model: string) => async () => {
    const { id } = await client.submit(aTask(model));
    await client.wait(id);
  };
  const directly = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { id, model, input } = aTask(HOSTED_MODEL);
    house.onReport = ({ taskId }) => (taskId === id ? resolve() : undefined);
    await post(`${hosted.url}/queue/submit`, {
      task_id: id,
      model_name: model,
      task_input: input,
      metadata: {},
    });
    await promise;
    house.onReport = () => undefined;
  };
  const [hostedMs, hostedDirectMs] = await medians(LATENCIES, throughQueue(HOSTED_MODEL), directly);
  const [engineMs, engineDirectMs] = await medians(LATENCIES, throughQueue(ENGINE_MODEL), () =>
    post(`${engineUrl}/v1/chat/completions`, aTask(ENGINE_MODEL).input),
  );
  return {
    ...{ hostedMs, hostedDirectMs, hostedAddedMs: round(hostedMs - hostedDirectMs) },
    ...{ engineMs, engineDirectMs, engineAddedMs: round(engineMs - engineDirectMs) },
  };
}

export interface AtLength {
  readonly queued: number;
  readonly fillPerSecond: number;
  readonly submitMs: number;
  readonly submitBatchOf100Ms: number;
  readonly queryMs: number;
  readonly listPageOf100Ms: number;
  readonly queueInfoMs: number;
  /** Submitted, run and waited for beside the queue, on an instance that is free. */
  readonly throughMs: number;
  readonly residentMegabytes: number;
  readonly loadAverage: number;
}

/** Fills the queue up to `length`, then times each call with nothing else going on. */
export async function measureAt(
  { client, server }: House,
  queuedBefore: number,
  length: number,
): Promise<AtLength> {
  const began = performance.now();
  let known = (await client.submit(aTask(FULL_MODEL))).id;
  for (let queued = queuedBefore; queued < length; queued += BATCH) {
    const [first] = await client.submitBatch(FULL_MODEL, tasks(FULL_MODEL, Math.min(BATCH, length - queued)));
    known = first!.id;
  }
  const fillPerSecond = Math.round(((length - queuedBefore) / (performance.now() - began)) * 1000);
  const [submitMs, submitBatchOf100Ms, queryMs, listPageOf100Ms, queueInfoMs, throughMs] = await medians(
    LOOKS,
    () => client.submit(aTask(FULL_MODEL)),
    () => client.submitBatch(FULL_MODEL, tasks(FULL_MODEL, 100)),
    () => client.get(known),
    () => client.list({ state: 'queued', model: FULL_MODEL }, { pageSize: 100 }).next(),
    () => client.queues(),
    async () => client.wait((await client.submit(aTask(HOSTED_MODEL))).id),
  );
  return {
    ...{
      queued: length,
      fillPerSecond,
      submitMs,
      submitBatchOf100Ms,
      queryMs,
      listPageOf100Ms,
      queueInfoMs,
      throughMs,
    },
    residentMegabytes: await residentMegabytes(server.pid!),
    loadAverage: round(loadavg()[0]!),
  };
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000);
}

async function rate(calls: number, call: () => Promise<unknown>, callers = 1): Promise<number> {
  let left = calls;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return (calls / (performance.now() - began)) * 1000;
}

/** In turns, so that whatever else happens on the machine happens to all of them. */
async function medians<Calls extends readonly (() => Promise<unknown>)[]>(
  count: number,
  ...calls: Calls
): Promise<{ [Index in keyof Calls]: number }> {
  const times = calls.map((): number[] => []);
  for (let round = -5; round < count; round++) {
    for (const [index, call] of calls.entries()) {
      const began = performance.now();
      await call();
      if (round >= 0) times[index]!.push(performance.now() - began);
    }
  }
  const middles = times.map((each) => round(each.sort((a, b) => a - b)[Math.floor(count / 2)]!));
  return middles as { [Index in keyof Calls]: number };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function round(ms: number): number {
  return Number(ms.toFixed(2));
}
