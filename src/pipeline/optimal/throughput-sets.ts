/** Pipelines whose rates add up to the most, one over the slowest stage of each. */

import type { SearchBudget } from './budget.ts';
import type { PipelineSets } from './front.ts';
import { fastestSlowestStageMs, type StageCandidate } from './split.ts';

export interface ThroughputSets {
  readonly sets: PipelineSets;
  readonly perMs: number;
  readonly isExact: boolean;
}

/** 3¹⁰ pairs of a set and a part of it. */
const MOST_EXACT = 10;
const STEPS_PER_SPLIT = 1_000;
/** Of the plans to begin with, this many are improved. */
const MOST_STARTS = 6;

export function bestThroughput(
  nodes: readonly StageCandidate[],
  usable: readonly number[],
  modelLayers: number,
  starts: () => readonly PipelineSets[],
  budget: SearchBudget,
): ThroughputSets {
  const rateOf = (members: readonly number[]) =>
    1 /
    fastestSlowestStageMs(
      members.map((index) => nodes[index]!),
      modelLayers,
    );
  if (usable.length <= MOST_EXACT) return bestOfAll(usable, rateOf);
  return bestByMoves(nodes, usable, rateOf, starts(), budget);
}

/** No plan is faster: nodes cannot do more layers a millisecond than all of them together. */
export function throughputBound(
  nodes: readonly StageCandidate[],
  usable: readonly number[],
  modelLayers: number,
): number {
  return usable.reduce((sum, index) => sum + 1 / nodes[index]!.layerMs, 0) / modelLayers;
}

/** Over sets of nodes that are left: the first of them is in one of the pipelines, or in none. */
function bestOfAll(
  usable: readonly number[],
  rateOf: (members: readonly number[]) => number,
): ThroughputSets {
  const all = 1 << usable.length;
  const membersOf = (set: number) => usable.filter((_, at) => set & (1 << at));
  const rates = Float64Array.from({ length: all }, (_, set) => (set === 0 ? 0 : rateOf(membersOf(set))));
  const best = new Float64Array(all);
  const chosen = new Int32Array(all);
  for (let left = 1; left < all; left++) {
    const first = left & -left;
    const others = left ^ first;
    best[left] = best[others]!;
    for (let part = others; ; part = (part - 1) & others) {
      const set = part | first;
      const rate = rates[set]! + best[left ^ set]!;
      if (rates[set]! > 0 && rate > best[left]!) {
        best[left] = rate;
        chosen[left] = set;
      }
      if (part === 0) break;
    }
  }
  const sets: (readonly number[])[] = [];
  for (let left = all - 1; left > 0; ) {
    const set = chosen[left]!;
    if (set > 0) sets.push(membersOf(set));
    left ^= set > 0 ? set : left & -left;
  }
  return { sets, perMs: best[all - 1] ?? 0, isExact: true };
}

interface Working {
  readonly sets: (readonly number[])[];
  readonly rates: number[];
}

function bestByMoves(
  nodes: readonly StageCandidate[],
  usable: readonly number[],
  rateOf: (members: readonly number[]) => number,
  starts: readonly PipelineSets[],
  budget: SearchBudget,
): ThroughputSets {
  const begun = starts
    .map((sets) => ({ sets: [...sets], rates: sets.map(rateOf) }))
    .sort((a, b) => total(b) - total(a))
    .slice(0, MOST_STARTS);
  for (const working of begun) {
    addUnused(working, nodes, usable, rateOf, budget);
    swap(working, rateOf, budget);
  }
  const best = begun.reduce<Working>((a, b) => (total(b) > total(a) ? b : a), { sets: [], rates: [] });
  return { sets: best.sets, perMs: total(best), isExact: false };
}

function total({ rates }: Working): number {
  return rates.reduce((sum, rate) => sum + rate, 0);
}

/** Each node that is in no pipeline to one that it makes faster, if there is one; the fastest node first. */
function addUnused(
  working: Working,
  nodes: readonly StageCandidate[],
  usable: readonly number[],
  rateOf: (members: readonly number[]) => number,
  budget: SearchBudget,
): void {
  const used = new Set(working.sets.flat());
  const unused = usable
    .filter((index) => !used.has(index))
    .sort((a, b) => nodes[a]!.layerMs - nodes[b]!.layerMs);
  for (const index of unused) {
    const slowestFirst = working.rates
      .map((_, at) => at)
      .sort((a, b) => working.rates[a]! - working.rates[b]!);
    for (const at of slowestFirst.slice(0, 4)) {
      if (!budget.spend(STEPS_PER_SPLIT)) return;
      const members = [...working.sets[at]!, index];
      const rate = rateOf(members);
      if (rate <= working.rates[at]! * (1 + 1e-9)) continue;
      working.sets[at] = members;
      working.rates[at] = rate;
      break;
    }
  }
}

/** Two nodes of two pipelines change places while the sum grows. */
function swap(working: Working, rateOf: (members: readonly number[]) => number, budget: SearchBudget): void {
  const { sets, rates } = working;
  for (let improved = true; improved; ) {
    improved = false;
    for (let a = 0; a < sets.length; a++) {
      for (let b = a + 1; b < sets.length; b++) {
        for (const [x, y] of pairs(sets[a]!, sets[b]!)) {
          if (!budget.spend(2 * STEPS_PER_SPLIT)) return;
          const withY = sets[a]!.map((index) => (index === x ? y : index));
          const withX = sets[b]!.map((index) => (index === y ? x : index));
          const [rateA, rateB] = [rateOf(withY), rateOf(withX)];
          if (rateA + rateB <= (rates[a]! + rates[b]!) * (1 + 1e-9)) continue;
          [sets[a], sets[b], rates[a], rates[b]] = [withY, withX, rateA, rateB];
          improved = true;
          break;
        }
      }
    }
  }
}

function pairs(a: readonly number[], b: readonly number[]): readonly (readonly [number, number])[] {
  return a.flatMap((x) => b.map((y) => [x, y] as const));
}
