/** The sum of two independent times by drawing both many times: slow and rough, and right without any formula. */

import type { Random } from '../../../domain/index.ts';
import type { QuantileTable } from '../../task.ts';
import { valueWithin } from './quantile-table.ts';

const DRAWS = 1000;

/** First every draw of `one`, then every draw of `other`; the sums' quantiles at the levels of `one`. */
export function addBySampling(
  one: QuantileTable,
  other: QuantileTable,
  random: Random,
  draws = DRAWS,
): QuantileTable {
  const sums = Float64Array.from({ length: draws }, () => valueWithin(one, random.next()));
  for (let i = 0; i < draws; i++) sums[i]! += valueWithin(other, random.next());
  sums.sort();
  return { levels: one.levels, values: one.levels.map((level) => quantileOfSorted(sums, level)) };
}

/** Linear between the two nearest ranks, the first rank being 0 and the last 1. */
export function quantileOfSorted(sorted: ArrayLike<number>, level: number): number {
  const rank = (sorted.length - 1) * level;
  const below = Math.floor(rank);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (rank - below) * (high - low);
}
