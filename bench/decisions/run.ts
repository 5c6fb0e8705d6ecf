/** How long one scheduling decision takes, against the budget: `npm run bench:decisions`. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { POLICY_NAMES } from '../../src/queueing/index.ts';
import { DEFAULT_PRESET, PRESET_NAMES } from '../../src/routing/index.ts';
import { CUSTOM_BUDGET, measureCustomPolicies } from './custom-policies.ts';
import { expositionMsPerMegabyte } from './exposition.ts';
import { type DecisionTimes, LoadedScheduler } from './loaded-scheduler.ts';
import { hashingMegabytesPerSecond, measurePrefixIndex } from './prefix-index.ts';
import { measureShadows } from './shadows.ts';

/** DESIGN: one decision, built-in policies, 1,000 instances, 100,000 waiting. */
const BUDGET = { instances: 1_000, waiting: 100_000, p50Micros: 20, p99Micros: 100 };
const FLEETS = [10, 100, 1_000, 10_000];
const QUEUES = [0, 100, 100_000];
const DEFAULT_POLICY = 'signalbox';

interface Row extends DecisionTimes {
  readonly policy: string;
  readonly preset: string;
  readonly instances: number;
  readonly waiting: number;
}

const rows = FLEETS.flatMap((instances) => QUEUES.flatMap((waiting) => measureFleet(instances, waiting)));
const customPolicies = measureCustomPolicies();
const shadows = [100, 1_000].flatMap((instances) => measureShadows(instances, 1_000));
const prefixIndex = {
  hashingMegabytesPerSecond: hashingMegabytesPerSecond(),
  rows: [10, 100, 1_000].map(measurePrefixIndex),
};
const exposition = { msPerMegabyte: expositionMsPerMegabyte() };
report();

/** Every preset under the default policy, and every policy with the default preset. */
function measureFleet(instances: number, waiting: number): Row[] {
  const loaded = new LoadedScheduler(instances, waiting);
  const samples = instances >= 10_000 ? 1_000 : 4_000;
  const pairs = [
    ...PRESET_NAMES.map((preset) => ({ policy: DEFAULT_POLICY, preset })),
    ...POLICY_NAMES.filter((policy) => policy !== DEFAULT_POLICY).map((policy) => ({
      policy,
      preset: DEFAULT_PRESET,
    })),
  ];
  process.stderr.write(`${instances} instances, ${waiting} waiting …\n`);
  return pairs.map(({ policy, preset }) => {
    loaded.use(policy, preset);
    return { policy, preset, instances, waiting, ...loaded.measure(samples, samples / 4) };
  });
}

function report(): void {
  console.table(rows);
  console.table(customPolicies);
  console.table(shadows);
  console.table(prefixIndex.rows);
  console.log(`prompts are hashed at ${prefixIndex.hashingMegabytesPerSecond} MB/s`);
  console.log(`metrics pages are read in ${exposition.msPerMegabyte} ms per MB`);
  for (const row of rows.filter(isBudgeted)) {
    const isWithin = row.p50Micros <= BUDGET.p50Micros && row.p99Micros <= BUDGET.p99Micros;
    if (!isWithin)
      console.log(
        `OVER BUDGET: ${row.policy}, ${row.preset}: p50 ${row.p50Micros} µs, p99 ${row.p99Micros} µs`,
      );
  }
  for (const { form, p99Micros } of customPolicies) {
    if (p99Micros > CUSTOM_BUDGET.p99Micros)
      console.log(`OVER BUDGET: a policy of one's own, ${form}: p99 ${p99Micros} µs`);
  }
  const ours = rows.find(
    (row) => isBudgeted(row) && row.preset === DEFAULT_PRESET && row.policy === DEFAULT_POLICY,
  )!;
  console.log(
    `default policy and preset, 1,000 instances, 100,000 waiting: p50 ${ours.p50Micros} µs (budget ${BUDGET.p50Micros}), ` +
      `p99 ${ours.p99Micros} µs (budget ${BUDGET.p99Micros}), all for one request ${ours.cycleMicros} µs`,
  );
  const folder = new URL('../results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const about = { node: process.version, loadAverage: loadavg()[0], budget: BUDGET };
  const text = JSON.stringify({ ...about, rows, customPolicies, shadows, prefixIndex, exposition }, null, 2);
  writeFileSync(new URL('decisions.json', folder), `${text}\n`);
}

function isBudgeted({ instances, waiting }: Row): boolean {
  return instances === BUDGET.instances && waiting === BUDGET.waiting;
}
