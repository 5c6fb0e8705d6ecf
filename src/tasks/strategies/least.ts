/** The least of some candidates by several numbers, one after the other. */

import type { Candidate } from './strategy.ts';

/** Judged by the first number that differs; smaller is better. */
export type Ranking = (candidate: Candidate) => readonly number[];

/** The first of equals wins. */
export function indexOfLeast(candidates: readonly Candidate[], ranking: Ranking): number {
  return least(candidates, ranking, () => false);
}

/** Among equals the smallest UUID wins, so that the order in which they are asked does not matter. */
export function indexOfLeastByUuid(candidates: readonly Candidate[], ranking: Ranking): number {
  return least(candidates, ranking, (one, other) => one.uuid < other.uuid);
}

function least(
  candidates: readonly Candidate[],
  ranking: Ranking,
  isPreferred: (one: Candidate, other: Candidate) => boolean,
): number {
  let best = 0;
  let bestRank = ranking(candidates[0]!);
  for (let i = 1; i < candidates.length; i++) {
    const rank = ranking(candidates[i]!);
    const order = compare(rank, bestRank);
    if (order < 0 || (order === 0 && isPreferred(candidates[i]!, candidates[best]!))) {
      best = i;
      bestRank = rank;
    }
  }
  return best;
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [i, value] of one.entries()) {
    if (value !== other[i]) return value < other[i]! ? -1 : 1;
  }
  return 0;
}
