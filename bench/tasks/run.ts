/** The task queue over HTTP, on both storages: `npm run bench:tasks -- [--tasks N] [--store embedded|postgres]`. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { exitWhenTold } from '../../test/crash/own-processes.ts';
import { openHouse, STORES, type StoreName } from './house.ts';
import { type AtLength, measureAt, measureLatency, measureRates } from './measurements.ts';

const RESULTS = new URL('../results/tasks.json', import.meta.url);
const RATE_TASKS = 5_000;
/** Milliseconds that the queue may add to a task on an idle instance. */
const LATENCY_BUDGET_MS = 50;

exitWhenTold();
const { values: flags } = parseArgs({
  options: { tasks: { type: 'string', default: '1000000' }, store: { type: 'string' } },
});
const most = Number(flags.tasks);
if (!Number.isInteger(most) || most < 1)
  throw new RangeError(`--tasks is ${flags.tasks}; a whole number above 0 is allowed`);
const stores = STORES.filter((store) => flags.store === undefined || flags.store === store);
if (stores.length === 0)
  throw new RangeError(`--store is ${flags.store}; allowed are ${STORES.join(' and ')}`);

const report: Record<string, unknown> = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
for (const store of stores) {
  const measured = await measure(store);
  if (measured === undefined) console.error(`${store} left out: no PostgreSQL server is installed`);
  else report[store] = measured;
  // After each, for the whole takes long.
  writeFileSync(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
}

async function measure(store: StoreName): Promise<object | undefined> {
  const house = await openHouse(store);
  if (house === undefined) return undefined;
  try {
    const loadAtStart = loadavg()[0];
    const latencies = await measureLatency(house);
    show(`${store}: milliseconds of one task on an idle queue`, [latencies]);
    for (const addedMs of [latencies.hostedAddedMs, latencies.engineAddedMs]) {
      if (addedMs > LATENCY_BUDGET_MS) {
        console.error(`over budget: ${addedMs} ms are added; ${LATENCY_BUDGET_MS} ms are allowed`);
        process.exitCode = 1;
      }
    }
    const lengths: AtLength[] = [await measureAt(house, 0, 0)];
    const rates = await measureRates(house, RATE_TASKS);
    show(`${store}: tasks a second`, [rates]);
    // What the rates left in the queue.
    let queued = RATE_TASKS * 2;
    for (const length of [100_000, 1_000_000].filter((one) => one <= most)) {
      lengths.push(await measureAt(house, queued, length));
      queued = length;
    }
    show(`${store}: by length of the queue`, lengths);
    return {
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
      ...{ node: process.version, cores: cpus().length, loadAtStart, latencies, rates, lengths },
    };
  } finally {
    await house.close();
  }
}

function show(title: string, rows: readonly object[]): void {
  console.log(title);
  console.table(rows);
}
