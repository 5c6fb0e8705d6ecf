/** How long two distributions take to add up, exactly and on the reference's grid, and what a queue and a choice cost: `npm run bench:distributions`. */

import { seededRandom } from '../../src/domain/index.ts';
import { addBySampling } from '../../src/tasks/strategies/distributions/add-by-sampling.ts';
import { convolve } from '../../src/tasks/strategies/distributions/convolve.ts';
import {
  convolveOnGrid,
  quantilesOfGrid,
} from '../../src/tasks/strategies/distributions/convolve-on-grid.ts';
import { createStrategy, QueueLedger } from '../../src/tasks/strategies/index.ts';
import type { QuantileTable } from '../../src/tasks/task.ts';

const random = seededRandom(1);
const LEVELS = [0.25, 0.5, 0.75, 0.99];
const TABLES = Array.from({ length: 64 }, (): QuantileTable => {
  const values = LEVELS.map(() => 1000 * random.next()).sort((a, b) => a - b);
  return { levels: LEVELS, values };
});
const INSTANCES = Array.from({ length: 16 }, (_, i) => `instance-${i}`);

const pair = (i: number) => [TABLES[i % 64]!, TABLES[(i * 7 + 3) % 64]!] as const;

console.table({
  'exact sum': micros(20_000, (i) => convolve(...pair(i), LEVELS)),
  'on the grid of 5,000 points': micros(200, (i) => quantilesOfGrid(convolveOnGrid(...pair(i)), LEVELS)),
  'by 1,000 draws': micros(500, (i) => addBySampling(...pair(i), random)),
  ...Object.fromEntries(
    (['shortest_queue', 'probabilistic', 'signalbox'] as const).map((name) => [
      `choose and charge, 16 instances: ${name}`,
      placing(name, 64),
    ]),
  ),
  'choose and charge, 16 instances, up to 100,000 queued: probabilistic': placing('probabilistic', 100_000),
});

/** A task comes, its instance is chosen and charged, and the oldest task leaves once so many are queued. */
function placing(name: string, most: number): { readonly micros: number } {
  const ledger = new QueueLedger(LEVELS);
  const strategy = createStrategy(name, seededRandom(2));
  const queued: { readonly instance: string; readonly task: Parameters<QueueLedger['add']>[1] }[] = [];
  let oldestIndex = 0;
  return micros(Math.max(5_000, most / 5), (i) => {
    const quantiles = TABLES[i % 64]!;
    const task = { id: `${i}`, prediction: { expectedMs: quantiles.values[1]!, errorMs: 100, quantiles } };
    const candidates = INSTANCES.map((uuid) => ({
      uuid,
      queue: ledger.state(uuid),
      prediction: task.prediction,
    }));
    const instance = INSTANCES[strategy.choose(candidates, 'm')]!;
    ledger.add(instance, task);
    queued.push({ instance, task });
    if (queued.length - oldestIndex <= most) return;
    const oldest = queued[oldestIndex++]!;
    ledger.remove(oldest.instance, oldest.task);
  });
}

/** The best of five rounds, after one to warm up. */
function micros(count: number, act: (i: number) => unknown): { readonly micros: number } {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const startMs = performance.now();
    for (let i = 0; i < count; i++) act(i);
    if (round > 0) best = Math.min(best, (performance.now() - startMs) / count);
  }
  return { micros: Math.round(best * 10_000) / 10 };
}
