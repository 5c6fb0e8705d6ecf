/** The one set of nodes that scores best: by looking at all of few, and by adding, dropping and swapping among many. */

import type { SearchBudget } from './budget.ts';

/** Lower is better; Infinity for a set that is no pipeline. */
export type SetScore = (members: readonly number[]) => number;

export interface BestSet {
  readonly members: readonly number[];
  readonly score: number;
  /** Whether every set was looked at. */
  readonly isExact: boolean;
}

/** 2⁸ sets are looked at one by one. */
const MOST_EXACT = 8;

/** `starts` are sets from which to improve where there are too many to look at all. */
export function bestSet(
  candidates: readonly number[],
  score: SetScore,
  starts: () => readonly (readonly number[])[],
  budget: SearchBudget,
): BestSet | undefined {
  return candidates.length <= MOST_EXACT
    ? bestOfAll(candidates, score)
    : bestByMoves(candidates, score, starts(), budget);
}

function bestOfAll(candidates: readonly number[], score: SetScore): BestSet | undefined {
  let best: BestSet | undefined;
  for (const members of subsets(candidates)) {
    const value = score(members);
    if (value < (best?.score ?? Infinity)) best = { members, score: value, isExact: true };
  }
  return best;
}

/** All but the empty one. */
export function* subsets(candidates: readonly number[]): Generator<readonly number[]> {
  for (let set = 1; set < 1 << candidates.length; set++) {
    yield candidates.filter((_, at) => set & (1 << at));
  }
}

function bestByMoves(
  candidates: readonly number[],
  score: SetScore,
  starts: readonly (readonly number[])[],
  budget: SearchBudget,
): BestSet | undefined {
  let best: BestSet | undefined;
  for (const start of starts) {
    const found = improve(start, candidates, score, budget);
    if (found.score < (best?.score ?? Infinity)) best = found;
    if (!budget.spend(0)) break;
  }
  return best;
}

/** Takes the first move that helps, until none does. */
function improve(
  start: readonly number[],
  candidates: readonly number[],
  score: SetScore,
  budget: SearchBudget,
): BestSet {
  let members = start;
  let value = score(start);
  for (let improved = true; improved; ) {
    improved = false;
    for (const next of neighbours(members, candidates)) {
      if (!budget.spend(STEPS_PER_SCORE)) return { members, score: value, isExact: false };
      const nextValue = score(next);
      if (nextValue >= value) continue;
      members = next;
      value = nextValue;
      improved = true;
      break;
    }
  }
  return { members, score: value, isExact: false };
}

const STEPS_PER_SCORE = 20_000;

function* neighbours(
  members: readonly number[],
  candidates: readonly number[],
): Generator<readonly number[]> {
  const inside = new Set(members);
  const outside = candidates.filter((candidate) => !inside.has(candidate));
  for (const dropped of members) yield members.filter((member) => member !== dropped);
  for (const added of outside) yield [...members, added];
  for (const dropped of members) {
    const rest = members.filter((member) => member !== dropped);
    for (const added of outside) yield [...rest, added];
  }
}
