/** How long one scheduling decision takes, against the budget: `npm run bench:decision`. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import {
  createInstance,
  createRequest,
  ManualClock,
  REQUEST_PRIORITIES,
  seededRandom,
} from '../src/domain/index.ts';
import { createPolicy, POLICY_NAMES } from '../src/queueing/index.ts';
import { createRoutingMemory, findPreset, PRESET_NAMES, RoutingProfile } from '../src/routing/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS, Scheduler, type SchedulerEffect } from '../src/scheduler/index.ts';
import { aPredictor } from '../test/builders.ts';

/** DESIGN: one decision, built-in policies, 1,000 instances, 100,000 waiting. */
const BUDGET = { p50Micros: 20, p99Micros: 100 };
const WARM_UP = 4_000;
const SAMPLES = 20_000;

interface Row {
  readonly policy: string;
  readonly preset: string;
  readonly instances: number;
  readonly waiting: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

const rows: Row[] = [];
for (const [instances, waiting] of [
  [10, 100],
  [100, 1_000],
  [1_000, 100_000],
] as const) {
  for (const preset of PRESET_NAMES) {
    for (const policy of POLICY_NAMES) rows.push(measure(policy, preset, instances, waiting));
    rows.push(measure('priority', preset, instances, 0));
  }
}
report(rows);

/**
 * With `waiting`, a full fleet: each sample is the completion that makes room and the decision who takes it. Without, a fleet
 * in which every instance has room: each sample is the arrival of a request that may go to any of them.
 */
function measure(policy: string, preset: string, instances: number, waiting: number): Row {
  const clock = new ManualClock(1_000_000);
  const random = seededRandom(1);
  const memory = createRoutingMemory({ predictor: aPredictor() });
  const scheduler = new Scheduler({
    clock,
    random,
    policy: createPolicy({ name: policy }),
    profile: new RoutingProfile(findPreset(preset), memory.inputs),
    listeners: memory.listeners,
    settings: { ...DEFAULT_SCHEDULER_SETTINGS, admission: { maxRequests: 1e7, maxTokens: 1e12 } },
  });
  const running: string[] = [];
  const take = (effects: readonly SchedulerEffect[]): void => {
    for (const effect of effects) if (effect.type === 'dispatch') running.push(effect.request.id);
  };
  for (let i = 0; i < instances; i++) {
    const instance = createInstance({
      id: `i${i}`,
      url: `http://i${i}.test`,
      models: ['m'],
      maxConcurrency: 4,
    });
    take(scheduler.handle({ type: 'instance-added', instance }));
    take(scheduler.handle({ type: 'instance-health', instanceId: instance.id, isHealthy: true }));
  }
  let arrived = 0;
  const arrival = () => {
    const priority = REQUEST_PRIORITIES[arrived % REQUEST_PRIORITIES.length]!;
    const promptTokens = 100 + Math.floor(random.next() * 2_000);
    const fields = { id: `r${arrived++}`, model: 'm', priority, promptTokens, arrivalMs: clock.now() };
    return { type: 'request-arrived', request: createRequest(fields) } as const;
  };
  const isFull = waiting > 0;
  for (let i = 0; i < instances * (isFull ? 4 : 2) + waiting; i++) take(scheduler.handle(arrival()));
  const micros = new Float64Array(SAMPLES);
  for (let i = -WARM_UP; i < SAMPLES; i++) {
    clock.advance(0.1);
    const at = Math.floor(random.next() * running.length);
    const requestId = running[at]!;
    running[at] = running.at(-1)!;
    running.pop();
    if (!isFull) scheduler.handle({ type: 'request-completed', requestId });
    const event = isFull ? ({ type: 'request-completed', requestId } as const) : arrival();
    const startMs = performance.now();
    const effects = scheduler.handle(event);
    if (i >= 0) micros[i] = (performance.now() - startMs) * 1_000;
    if (effects.length !== 1) throw new Error(`one dispatch expected, got ${effects.length}`);
    take(effects);
    if (isFull) take(scheduler.handle(arrival()));
  }
  micros.sort();
  const quantile = (share: number): number => Number(micros[Math.floor(share * (SAMPLES - 1))]!.toFixed(2));
  return { policy, preset, instances, waiting, p50Micros: quantile(0.5), p99Micros: quantile(0.99) };
}

function report(measured: readonly Row[]): void {
  console.table(measured);
  const worst = measured.filter(({ waiting }) => waiting === 100_000);
  const p50Micros = Math.max(...worst.map((row) => row.p50Micros));
  const p99Micros = Math.max(...worst.map((row) => row.p99Micros));
  const verdict = p50Micros <= BUDGET.p50Micros && p99Micros <= BUDGET.p99Micros ? 'within' : 'OVER';
  console.log(
    `1,000 instances, 100,000 waiting, slowest row: p50 ${p50Micros} µs (budget ${BUDGET.p50Micros}), ` +
      `p99 ${p99Micros} µs (budget ${BUDGET.p99Micros}): ${verdict} budget`,
  );
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const about = { node: process.version, loadAverage: loadavg()[0], samples: SAMPLES, budget: BUDGET };
  writeFileSync(
    new URL('decision.json', folder),
    `${JSON.stringify({ ...about, rows: measured }, null, 2)}\n`,
  );
}
