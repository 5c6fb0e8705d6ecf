/**
 * What the task store does in a second, and whether it feels the length of its queue:
 * `node bench/tasks/store.ts [--tasks N] [--store embedded|postgres]`; PostgreSQL is the one that SIGNALBOX_TEST_POSTGRES names.
 */

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { openTaskStore, type TaskStore } from '../../src/tasks/store/index.ts';
import type { TaskSubmission } from '../../src/tasks/task.ts';

const { values: flags } = parseArgs({
  options: { tasks: { type: 'string', default: '1000000' }, store: { type: 'string' } },
});
const MOST_TASKS = Number(flags.tasks);
const LENGTHS = [1_000, 10_000, 100_000, 1_000_000].filter((length) => length <= MOST_TASKS);
const CALLERS = 64;
const BATCH = 1_000;
const MODELS = ['llama-3-8b', 'qwen-2.5-32b'];
const RESULTS = new URL('../results/task-store.json', import.meta.url);

const task = (): TaskSubmission => ({
  id: randomUUID(),
  fingerprint: randomUUID(),
  model: MODELS[Math.random() < 0.9 ? 0 : 1]!,
  input: {
    model: MODELS[0],
    messages: [{ role: 'user', content: 'Say in one sentence why the sky is blue.' }],
  },
  metadata: {},
  priority: 'NORMAL',
  maxRetries: 2,
  timeoutMs: 60_000,
  keepResultMs: 3_600_000,
  plannedInstance: 'a',
  prediction: { expectedMs: 1_200, errorMs: 300 },
  submittedMs: Date.now(),
});
const tasks = (count: number): TaskSubmission[] => Array.from({ length: count }, task);

const stores = [flags.store ?? ['embedded', 'postgres']].flat();
const report: Record<string, unknown> = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
for (const name of stores) {
  if (name === 'postgres' && process.env.SIGNALBOX_TEST_POSTGRES === undefined) {
    process.stderr.write('postgres left out: SIGNALBOX_TEST_POSTGRES names none\n');
    continue;
  }
  report[name] = await measure(name);
}
mkdirSync(new URL('.', RESULTS), { recursive: true });
writeFileSync(RESULTS, `${JSON.stringify(report, null, 2)}\n`);

async function measure(name: string): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const store =
    name === 'postgres'
      ? await openTaskStore({ url: process.env.SIGNALBOX_TEST_POSTGRES!, schema: 'bench_task_store' })
      : await openTaskStore({ directory });
  try {
    await store.clear();
    const rates = await measureRates(store);
    show(`${name}: per second`, [rates]);
    await store.clear();
    const byLength = [];
    for (const length of LENGTHS) byLength.push(await measureAt(store, length));
    show(`${name}: by length of the queue`, byLength);
    const pruning = await measurePruning(store);
    show(`${name}: pruning`, [pruning]);
    await store.clear();
    const growth = await measureGrowth(store, () =>
      name === 'postgres' ? databaseMegabytes() : Promise.resolve(megabytesIn(directory)),
    );
    show(`${name}: size after each round of tasks that come, end and are pruned`, growth);
    return {
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
      node: process.version,
      cores: cpus().length,
      loadAverage: loadavg()[0],
      rates,
      byLength,
      pruning,
      growth,
    };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureRates(store: TaskStore): Promise<Record<string, number>> {
  await store.submit(tasks(BATCH));
  return {
    submitOneByOne: await rate(300, () => store.submit([task()])),
    submitByManyCallers: await rate(5_000, () => store.submit([task()]), CALLERS),
    submitInBatches: (await rate(10, () => store.submit(tasks(BATCH)))) * BATCH,
    claimAndEndOneByOne: await rate(300, () => runTasks(store, 1)),
    claimAndEndByManyCallers: await rate(3_000, () => runTasks(store, 1), CALLERS),
    claimAndEndInBatches: (await rate(50, () => runTasks(store, 100))) * 100,
  };
}

async function runTasks(store: TaskStore, count: number): Promise<void> {
  const claimed = await store.claim(MODELS[0]!, count);
  const here = claimed.map((one) => ({ taskId: one.id, attempt: one.attempt }));
  await store.place(here.map((attempt) => ({ ...attempt, instance: 'a', runsIn: 'process' })));
  await store.end(
    here.map((attempt) => ({ ...attempt, type: 'completed', result: { text: 'It scatters.' } })),
  );
}

/** Fills the queue up to `length`, and times each call with nothing else going on. */
async function measureAt(store: TaskStore, length: number): Promise<Record<string, number>> {
  const began = performance.now();
  let queued = (await store.countByState()).queued;
  const missing = length - queued;
  while (queued < length) {
    const count = Math.min(BATCH, length - queued);
    await store.submit(tasks(count));
    queued += count;
    if (queued % (10 * BATCH) === 0) await store.heartbeat();
  }
  const fillPerSecond = Math.round((missing / (performance.now() - began)) * 1000);
  const known = (await store.list({ state: 'queued' }, { limit: 1 })).tasks[0]!.id;
  const medians = {
    submitMs: await median(() => store.submit([task()])),
    claimPlaceEndMs: await median(() => runTasks(store, 1)),
    getMs: await median(() => store.get(known)),
    listMs: await median(() => store.list({ state: 'queued', model: MODELS[0]! }, { limit: 100 })),
    countMs: await median(() => store.countByState()),
    loadsMs: await median(() => store.loads()),
    dueModelsMs: await median(() => store.dueModels()),
    nextDueMs: await median(() => store.nextDueMs()),
    heartbeatMs: await median(() => store.heartbeat()),
  };
  globalThis.gc?.();
  return {
    queued: length,
    fillPerSecond,
    ...medians,
    rssMegabytes: Math.round(process.memoryUsage().rss / 1e6),
  };
}

/** Finishes many beside the full queue, and deletes them. */
async function measurePruning(store: TaskStore): Promise<Record<string, number>> {
  const count = Math.min(50_000, MOST_TASKS / 2);
  const began = performance.now();
  for (let ended = 0; ended < count; ended += BATCH) await runTasks(store, BATCH);
  const endedPerSecond = Math.round((count / (performance.now() - began)) * 1000);
  const limits = { maxFinishedTasks: 0, maxFinishedAgeMs: Number.MAX_SAFE_INTEGER, batch: BATCH };
  const pruning = performance.now();
  let gone = 0;
  for (let pruned = -1; pruned !== 0; gone += pruned) pruned = await store.prune(limits);
  const seconds = (performance.now() - pruning) / 1000;
  return {
    endedPerSecond,
    pruned: gone,
    prunedPerSecond: Math.round(gone / seconds),
    submitAfterMs: await median(() => store.submit([task()])),
    claimPlaceEndAfterMs: await median(() => runTasks(store, 1)),
  };
}

/** Whether the tables keep growing when as many go as come. */
async function measureGrowth(store: TaskStore, megabytes: () => Promise<number>): Promise<object[]> {
  const perRound = Math.min(20_000, MOST_TASKS / 10);
  const limits = { maxFinishedTasks: 1_000, maxFinishedAgeMs: Number.MAX_SAFE_INTEGER, batch: BATCH };
  const rounds = [];
  for (let round = 1; round <= 6; round += 1) {
    for (let done = 0; done < perRound; done += BATCH) {
      await store.submit(tasks(BATCH));
      await runTasks(store, BATCH);
      await store.heartbeat();
    }
    while ((await store.prune(limits)) > 0);
    await store.heartbeat();
    rounds.push({ round, tasks: round * perRound, megabytes: await megabytes() });
  }
  return rounds;
}

function megabytesIn(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.round(
    files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0) / 1e6,
  );
}

async function databaseMegabytes(): Promise<number> {
  const client = new pg.Client({ connectionString: process.env.SIGNALBOX_TEST_POSTGRES });
  await client.connect();
  const { rows } = await client.query('SELECT pg_database_size(current_database())::float8 AS bytes');
  await client.end();
  return Math.round((rows[0] as { bytes: number }).bytes / 1e6);
}

async function rate(calls: number, call: () => Promise<unknown>, callers = 1): Promise<number> {
  let left = calls;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return Math.round((calls / (performance.now() - began)) * 1000);
}

async function median(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 31; n += 1) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return Number(times[15]!.toFixed(2));
}

function show(title: string, rows: readonly object[]): void {
  console.log(title);
  console.table(rows);
}
