/** How long planning takes, and how far a plan is from the bound: `npm run bench:pipelines`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import {
  GreedyLayerAllocator,
  type LayerAllocator,
  optimalAllocator,
  timedBudget,
} from '../../src/pipeline/index.ts';
import { type Fleet, fleetsOf, SIZES } from './fleets.ts';
import { measureRoutings } from './routing.ts';

interface ParallaxTimes {
  readonly source: string;
  readonly rows: readonly {
    readonly fleet: string;
    readonly nodes: number;
    readonly greedyMs: number;
    readonly dpMs: number;
  }[];
}

const parallax: ParallaxTimes = JSON.parse(
  readFileSync(new URL('parallax-times.json', import.meta.url), 'utf8'),
);
const ROUNDS = 3;
/** A second of search is enough for the largest fleet, with the budget of 2 s in mind. */
const LIMIT_MS = 1_000;

const optimal = optimalAllocator({
  budget: () => timedBudget(() => performance.now(), performance.now() + LIMIT_MS),
});
const greedy = new GreedyLayerAllocator();

// What is compiled once per process is not what a plan takes.
for (const fleet of fleetsOf(32)) for (let round = 0; round < ROUNDS; round++) best(optimal, fleet, 1);

const rows = SIZES.flatMap((size) => fleetsOf(size).map(measure));
console.table(rows);
const routing = measureRoutings();
console.table(routing);
const result = {
  measuredAt: new Date().toISOString(),
  machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg()[0] },
  searchLimitMs: LIMIT_MS,
  parallax: parallax.source,
  rows,
  /** A request is routed, takes its room, and an earlier one gives its room back. */
  routing,
};
writeFileSync(
  new URL('../results/pipelines.json', import.meta.url),
  `${JSON.stringify(result, undefined, 2)}\n`,
);

function measure(fleet: Fleet) {
  const size = fleet.nodes.length;
  const { ms, outcome } = best(optimal, fleet, size > 200 ? 1 : ROUNDS);
  const quick = best(greedy, fleet, size > 200 ? 1 : ROUNDS);
  const recorded = parallax.rows.find(({ fleet: name, nodes }) => name === fleet.name && nodes === size);
  if (!outcome.ok) return { fleet: fleet.name, nodes: size, optimalMs: round(ms), plan: outcome.error.kind };
  return {
    fleet: fleet.name,
    nodes: size,
    optimalMs: round(ms),
    pipelines: outcome.plan.pipelines.length,
    objective: round(outcome.objective),
    gapPercent: round(100 * ((outcome.upperBound ?? 0) / outcome.objective - 1)),
    greedyMs: round(quick.ms),
    greedyObjective: quick.outcome.ok ? round(quick.outcome.objective) : undefined,
    parallaxDpMs: recorded?.dpMs,
    parallaxGreedyMs: recorded?.greedyMs,
  };
}

function best(allocator: LayerAllocator, { model, nodes }: Fleet, rounds: number) {
  let ms = Number.POSITIVE_INFINITY;
  let outcome = allocator.allocate(model, []);
  for (let done = 0; done < rounds; done++) {
    const startMs = performance.now();
    outcome = allocator.allocate(model, nodes);
    ms = Math.min(ms, performance.now() - startMs);
  }
  return { ms, outcome };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
