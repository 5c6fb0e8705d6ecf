/** Which nodes form a pipeline together, by objective, among nodes that may be mixed. */

import { type BestSet, bestSet, type SetScore } from './best-set.ts';
import { type SearchBudget, stepBudget } from './budget.ts';
import type { Candidate } from './candidate.ts';
import { mostLayers } from './ends.ts';
import type { FleetLinks } from './fleet-links.ts';
import { type Front, type PipelineSets, searchFront } from './front.ts';
import { fastestChain, latencyBound } from './latency.ts';
import { pack } from './pack.ts';
import { fastestSlowestStageMs } from './split.ts';
import { bestThroughput, throughputBound } from './throughput-sets.ts';

/** Nodes of which any may be in one pipeline. */
export interface Group {
  readonly candidates: readonly Candidate[];
  readonly modelLayers: number;
  readonly links: FleetLinks;
  readonly budget: SearchBudget;
}

/** Indices into the group's candidates. */
export interface FoundSets {
  readonly sets: PipelineSets;
  /** No plan of the group has more of the objective; in its own unit. */
  readonly atMost: number;
  /** What the sets have of it. */
  readonly value: number;
}

export function frontOf({ candidates, modelLayers, budget }: Group): Front {
  const layers = candidates.map((candidate) => candidate.layers);
  const areAlike = candidates.every(({ layers: sure, layersAtMost }) => sure.middle === layersAtMost.middle);
  const atBest = areAlike ? layers : candidates.map(({ layersAtMost }) => layersAtMost);
  return searchFront(layers, atBest, modelLayers, budget);
}

/** Steps per second of all pipelines together. */
export function throughputSets(group: Group): FoundSets {
  const { candidates, modelLayers, budget } = group;
  const usable = usableOf(group);
  const starts = () => frontOf(group).found.filter((sets) => sets !== undefined);
  const found = bestThroughput(candidates, usable, modelLayers, starts, budget);
  const rate = found.perMs * 1000;
  const atMost = found.isExact ? rate : throughputBound(candidates, usable, modelLayers) * 1000;
  return { sets: found.sets, atMost, value: rate };
}

/** The fastest pipeline for one request, then the next of what is left. */
export function latencySets(group: Group): FoundSets {
  const { candidates, modelLayers, links } = group;
  const score: SetScore = (members) => {
    const chosen = members.map((index) => candidates[index]!);
    const linkMs = (from: number, to: number) => links(chosen[from]!.node, chosen[to]!.node);
    return fastestChain(chosen, modelLayers, linkMs)?.ms ?? Infinity;
  };
  const speed = (index: number) => candidates[index]!.layerMs;
  const { sets, first } = oneAfterTheOther(group, score, speed, () => true);
  const bestMs = first?.isExact ? first.score : latencyBound(candidates, modelLayers);
  return { sets, atMost: 1000 / bestMs, value: 1000 / (first?.score ?? Infinity) };
}

/** The pipeline with the least USD per step, and further ones that are no dearer. */
export function costSets(group: Group): FoundSets {
  const { candidates, modelLayers } = group;
  const price = (index: number) => candidates[index]!.node.usdPerHour ?? 0;
  const score: SetScore = (members) => {
    const slowestMs = fastestSlowestStageMs(
      members.map((index) => candidates[index]!),
      modelLayers,
    );
    return members.reduce((sum, index) => sum + price(index), 0) * slowestMs;
  };
  const worth = (index: number) => price(index) * candidates[index]!.layerMs;
  const { sets, first } = oneAfterTheOther(
    group,
    score,
    worth,
    (next, best) => next.score <= best.score * (1 + 1e-9),
  );
  // A pipeline's rate is at most that of all its nodes' layers: the cheapest layer is the limit.
  const leastWorth = usableOf(group).reduce((least, index) => Math.min(least, worth(index)), Infinity);
  const least = first?.isExact ? first.score : leastWorth * modelLayers;
  return { sets, atMost: MS_PER_HOUR / least, value: MS_PER_HOUR / (first?.score ?? Infinity) };
}

const MS_PER_HOUR = 3_600_000;

function usableOf({ candidates }: Group): readonly number[] {
  return candidates.map((_, index) => index).filter((index) => candidates[index]!.layers.middle >= 1);
}

function oneAfterTheOther(
  group: Group,
  score: SetScore,
  rank: (index: number) => number,
  isWanted: (next: BestSet, first: BestSet) => boolean,
): { readonly sets: PipelineSets; readonly first: BestSet | undefined } {
  const sets: (readonly number[])[] = [];
  let left = usableOf(group);
  let first: BestSet | undefined;
  while (left.length > 0) {
    const bestFirst = [...left].sort((a, b) => rank(a) - rank(b) || a - b);
    const next = bestSet(left, score, () => prefixes(group, bestFirst), group.budget);
    if (next === undefined || (first !== undefined && !isWanted(next, first))) break;
    first ??= next;
    sets.push(next.members);
    const taken = new Set(next.members);
    left = left.filter((index) => !taken.has(index));
  }
  return { sets, first };
}

/** The best-ranked nodes, and the largest, as many as hold the model, and up to some more. */
function prefixes(
  { candidates, modelLayers }: Group,
  bestFirst: readonly number[],
): readonly (readonly number[])[] {
  const largestFirst = [...bestFirst].sort(
    (a, b) => candidates[b]!.layers.middle - candidates[a]!.layers.middle,
  );
  const places = largestFirst.map((index) => candidates[index]!.layers);
  // Once per search, and without it there may be no set to improve: it is not for the budget to refuse.
  const packed = pack(places, modelLayers, 1, stepBudget(Infinity));
  const oneThatHolds = packed.map((members) => members.map((at) => largestFirst[at]!));
  const ranked = [bestFirst, largestFirst].flatMap((order) => {
    let enough = 1;
    const layersOf = (count: number) => mostLayers(order.slice(0, count).map((at) => candidates[at]!.layers));
    while (enough < order.length && layersOf(enough) < modelLayers) enough++;
    return [0, 2, 6].map((more) => order.slice(0, enough + more));
  });
  return [...oneThatHolds, ...ranked];
}
