import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/random.ts';
import type { AllocationSuccess } from '../allocator.ts';
import { DynamicProgrammingLayerAllocator } from '../dynamic-allocator.ts';
import { GreedyLayerAllocator } from '../greedy-allocator.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { aModel, drawFleet, faultsOf, partitions } from './__fixtures__/fleets.ts';
import { optimalAllocator } from './allocator.ts';
import type { Candidate } from './candidate.ts';
import { toCandidate } from './candidates.ts';
import { fleetLinks } from './fleet-links.ts';
import { OBJECTIVES, objectiveOf, pipelineFigures } from './objective.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

/** `SIGNALBOX_TEST_FLEETS=10000` for the whole proof, which takes minutes. */
const FLEETS = Number(process.env.SIGNALBOX_TEST_FLEETS ?? 60);
const SEED = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

interface Drawn {
  readonly model: ModelInfo;
  readonly nodes: readonly PipelineNode[];
  readonly label: string;
}

function* draw(count: number, most: number, seed = SEED): Generator<Drawn> {
  const random = seededRandom(seed);
  for (let at = 0; at < count; at++) {
    const numLayers = 1 + Math.floor(random.next() * 9);
    const model = aModel(
      numLayers,
      { tieEmbedding: random.next() < 0.3 },
      Math.floor(random.next() * 3) * 0.75 + 0.1,
    );
    yield { model, nodes: drawFleet(random, most, numLayers), label: `seed ${seed}, fleet ${at}` };
  }
}

/** Of every set of nodes what a pipeline of it could do at the best, by trying every order and every division. */
function truth({ model, nodes }: Drawn) {
  const candidates = nodes.map((node) => toCandidate(model, node, DEFAULT_SETTINGS));
  const links = fleetLinks(nodes);
  const sets = Array.from({ length: 1 << nodes.length }, (_, set) => {
    const members = candidates.filter((_, at) => set & (1 << at));
    return set === 0 ? NOTHING : bestPipeline(members, model.numLayers, links);
  });
  const usd = (set: number) =>
    nodes.reduce((sum, { usdPerHour }, at) => sum + (set & (1 << at) ? usdPerHour! : 0), 0);
  const best = { pipelines: 0, throughput: 0, latency: 0, cost: 0 };
  for (const [set, { slowestMs, latencyMs }] of sets.entries()) {
    if (slowestMs === Infinity) continue;
    best.latency = Math.max(best.latency, 1000 / latencyMs);
    best.cost = Math.max(best.cost, 3_600_000 / (slowestMs * usd(set)));
  }
  for (const chosen of partitions(nodes.length, (set) => sets[set]!.slowestMs < Infinity)) {
    const stages = chosen.reduce((sum, set) => sum + bits(set), 0);
    if (stages === 0) continue;
    best.pipelines = Math.max(best.pipelines, chosen.length ** 2 / stages);
    best.throughput = Math.max(
      best.throughput,
      chosen.reduce((sum, set) => sum + 1000 / sets[set]!.slowestMs, 0),
    );
  }
  return best;
}

const NOTHING = { slowestMs: Infinity, latencyMs: Infinity };
const bits = (set: number): number => (set === 0 ? 0 : 1 + bits(set & (set - 1)));

/** Every pair of ends, every division of the layers, and every order between the ends. */
function bestPipeline(
  members: readonly Candidate[],
  layers: number,
  links: ReturnType<typeof fleetLinks>,
): typeof NOTHING {
  const best = { ...NOTHING };
  for (const [first, a] of members.entries()) {
    for (const [last, b] of members.entries()) {
      if ((first === last) !== (members.length === 1)) continue;
      const between = members.filter((_, at) => at !== first && at !== last);
      const stages = first === last ? [a] : [a, ...between, b];
      const { slowestMs, sumMs } = bestDivision(stages, layers);
      best.slowestMs = Math.min(best.slowestMs, slowestMs);
      if (sumMs === Infinity) continue;
      for (const order of permutations(between)) {
        const path = first === last ? [a] : [a, ...order, b];
        const linkMs = path.reduce(
          (sum, { node }, at) => sum + (at ? links(path[at - 1]!.node, node) : 0),
          0,
        );
        best.latencyMs = Math.min(best.latencyMs, sumMs + linkMs);
      }
    }
  }
  return best;
}

/** With any two as ends, or alone. */
function canHold(members: readonly Candidate[], layers: number): boolean {
  if (members.some((member) => member.layers.middle < 1) || members.length > layers) return false;
  const middle = members.reduce((sum, member) => sum + member.layers.middle, 0);
  return members.some((a) =>
    members.some((b) => {
      if (a === b) return members.length === 1 && a.layers.alone >= layers;
      if (a.layers.first < 1 || b.layers.last < 1) return false;
      return middle - a.layers.middle + a.layers.first - b.layers.middle + b.layers.last >= layers;
    }),
  );
}

function bestDivision(stages: readonly Candidate[], layers: number) {
  const best = { slowestMs: Infinity, sumMs: Infinity };
  const walk = (at: number, left: number, slowestMs: number, sumMs: number): void => {
    if (at === stages.length) {
      if (left > 0) return;
      best.slowestMs = Math.min(best.slowestMs, slowestMs);
      best.sumMs = Math.min(best.sumMs, sumMs);
      return;
    }
    const { layers: most, layerMs, endMs } = stages[at]!;
    const place =
      stages.length === 1 ? 'alone' : at === 0 ? 'first' : at === stages.length - 1 ? 'last' : 'middle';
    for (let count = 1; count <= Math.min(most[place], left); count++) {
      const ms = endMs[place] + count * layerMs;
      walk(at + 1, left - count, Math.max(slowestMs, ms), sumMs + ms);
    }
  };
  walk(0, layers, 0, 0);
  return best;
}

function permutations<T>(values: readonly T[]): readonly (readonly T[])[] {
  if (values.length < 2) return [values];
  return values.flatMap((value, at) =>
    permutations(values.filter((_, other) => other !== at)).map((rest) => [value, ...rest]),
  );
}

describe('optimal, on random fleets', () => {
  it.each(OBJECTIVES)('is what trying everything finds, by %s', (objective) => {
    for (const drawn of draw(Math.ceil(FLEETS / 20), 6)) {
      const outcome = optimalAllocator({ objective }).allocate(drawn.model, drawn.nodes);
      const best = truth(drawn)[objective];
      expect(outcome.ok, drawn.label).toBe(best > 0);
      if (!outcome.ok) continue;
      expect(outcome.objective, drawn.label).toBeCloseTo(best, 9 - Math.ceil(Math.log10(best + 1)));
      expect(outcome.isOptimal, drawn.label).toBe(true);
    }
  });

  it.each(OBJECTIVES)(
    'covers each layer once, within memory, and no bound is below it, by %s',
    (objective) => {
      for (const { model, nodes, label } of draw(FLEETS, 30)) {
        const outcome = optimalAllocator({ objective }).allocate(model, nodes);
        if (!outcome.ok) continue;
        expect(faultsOf(model, nodes, outcome.plan), label).toEqual([]);
        expect(outcome.upperBound, label).toBeGreaterThanOrEqual(outcome.objective);
      }
    },
  );

  it.each(OBJECTIVES)('is never worse than greedy or dp, by %s, and its bound is above both', (objective) => {
    const others = [new GreedyLayerAllocator(), new DynamicProgrammingLayerAllocator({ maxStates: 20_000 })];
    for (const { model, nodes, label } of draw(FLEETS / 2, 14)) {
      const outcome = optimalAllocator({ objective }).allocate(model, nodes);
      for (const other of others) {
        const theirs = other.allocate(model, nodes);
        if (!theirs.ok) continue;
        const value = objectiveOf(objective, model, nodes, theirs.plan, DEFAULT_SETTINGS);
        const ours = outcome as AllocationSuccess;
        expect(ours.objective, `${label}, ${other.name}`).toBeGreaterThanOrEqual(value * (1 - 1e-9));
        expect(ours.upperBound, label).toBeGreaterThanOrEqual(value * (1 - 1e-9));
      }
    }
  });

  it('is not dearer than dp where its own search took a longer chain (fleet 27 of seed 1523471544)', () => {
    const { model, nodes } = [...draw(28, 14, 1_523_471_544)].at(27)!;
    const theirs = new DynamicProgrammingLayerAllocator().allocate(model, nodes) as AllocationSuccess;
    const ours = optimalAllocator({ objective: 'cost' }).allocate(model, nodes) as AllocationSuccess;
    const value = objectiveOf('cost', model, nodes, theirs.plan, DEFAULT_SETTINGS);
    expect(ours.objective).toBeGreaterThanOrEqual(value * (1 - 1e-9));
  });

  it('has the most pipelines² per stage of all ways to share out eight nodes', () => {
    for (const { model, nodes, label } of draw(FLEETS / 4, 8)) {
      const all = nodes.map((node) => toCandidate(model, node, DEFAULT_SETTINGS));
      const membersOf = (set: number) => all.filter((_, at) => set & (1 << at));
      let best = 0;
      for (const sets of partitions(nodes.length, (set) => canHold(membersOf(set), model.numLayers))) {
        const stages = sets.reduce((sum, set) => sum + bits(set), 0);
        if (stages > 0) best = Math.max(best, sets.length ** 2 / stages);
      }
      const outcome = optimalAllocator().allocate(model, nodes);
      expect(outcome.ok ? outcome.objective : 0, label).toBe(best);
    }
  });

  it('finds the same plan whatever the order of the nodes', () => {
    for (const { model, nodes, label } of draw(FLEETS / 10, 12)) {
      const forwards = optimalAllocator().allocate(model, nodes);
      const backwards = optimalAllocator().allocate(model, [...nodes].reverse());
      if (!forwards.ok) expect(backwards.ok, label).toBe(false);
      else expect((backwards as AllocationSuccess).plan.pipelines, label).toEqual(forwards.plan.pipelines);
    }
  });

  it('has no slower slowest stage than any division of the layers', () => {
    for (const drawn of draw(FLEETS / 10, 5)) {
      const { model, nodes, label } = drawn;
      const outcome = optimalAllocator().allocate(model, nodes);
      if (!outcome.ok) continue;
      const figures = pipelineFigures(model, nodes, outcome.plan.pipelines, DEFAULT_SETTINGS);
      for (const [at, { stages }] of outcome.plan.pipelines.entries()) {
        const members = stages.map(({ nodeId }) =>
          toCandidate(model, nodes.find(({ id }) => id === nodeId)!, DEFAULT_SETTINGS),
        );
        const best = bestPipeline(members, model.numLayers, fleetLinks(nodes));
        expect(figures[at]!.slowestMs / best.slowestMs, label).toBeCloseTo(1, 9);
      }
    }
  });
});
