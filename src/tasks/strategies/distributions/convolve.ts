/** The sum of two independent times, exactly: the fast form of `convolveOnGrid`. */

import type { QuantileTable } from '../../task.ts';
import { extended } from './quantile-table.ts';

/**
 * A distribution whose quantile function is linear between levels is a mixture of uniform ones, so the sum of two is a mixture
 * of trapezoids, one for each pair of segments. Its distribution function is quadratic between the sums of the segments' ends:
 * each wanted quantile takes a search among those and the root of one quadratic. Nothing is put on a grid; the result differs
 * from the reference by at most what that loses, half of `other`'s widest segment and a step of the grid.
 */
export function convolve(one: QuantileTable, other: QuantileTable, levels: readonly number[]): QuantileTable {
  const pairs = pairsOf(segmentsOf(one), segmentsOf(other));
  const knots = knotsOf(pairs);
  const shares = new Float64Array(knots.length).fill(Number.NaN);
  const shareAt = (knot: number): number => {
    if (Number.isNaN(shares[knot]!)) shares[knot] = shareUpTo(pairs, knots[knot]!);
    return shares[knot]!;
  };
  let lowest = Number.NEGATIVE_INFINITY;
  const values = levels.map((level) => {
    lowest = Math.max(lowest, valueAt(pairs, knots, shareAt, level));
    return lowest;
  });
  return { levels, values };
}

/** The values of a table from `start` on for `width`, each as likely as the others. */
interface Segment {
  readonly start: number;
  readonly width: number;
  readonly weight: number;
}

/** The sums of two segments: a trapezoid from `start` to `start + wide + narrow`. */
interface Pair {
  readonly start: number;
  readonly wide: number;
  readonly narrow: number;
  readonly weight: number;
}

function segmentsOf(table: QuantileTable): readonly Segment[] {
  const { levels, values } = extended(table);
  return levels.slice(1).map((level, i) => ({
    start: values[i]!,
    width: values[i + 1]! - values[i]!,
    weight: level - levels[i]!,
  }));
}

function pairsOf(ones: readonly Segment[], others: readonly Segment[]): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const one of ones) {
    for (const other of others) {
      const start = one.start + other.start;
      pairs.push({
        start,
        wide: asSeenFrom(start, Math.max(one.width, other.width)),
        narrow: asSeenFrom(start, Math.min(one.width, other.width)),
        weight: one.weight * other.weight,
      });
    }
  }
  return pairs;
}

/** What is left of a width when it is added to `start`: less than a last digit of that is no width at all. */
function asSeenFrom(start: number, width: number): number {
  return start + width - start;
}

/** Where the distribution function bends, rising. */
function knotsOf(pairs: readonly Pair[]): Float64Array {
  const knots = new Float64Array(pairs.length * 4);
  for (const [i, { start, wide, narrow }] of pairs.entries()) {
    knots[4 * i] = start;
    knots[4 * i + 1] = start + narrow;
    knots[4 * i + 2] = start + wide;
    knots[4 * i + 3] = start + wide + narrow;
  }
  return knots.sort();
}

/** The share of sums below `value` or at it. */
function shareUpTo(pairs: readonly Pair[], value: number): number {
  let share = 0;
  for (const { start, wide, narrow, weight } of pairs) {
    share += weight * (value === start && wide === 0 ? 1 : trapezoid(value - start, wide, narrow));
  }
  return share;
}

/** The share of sums below `value`: less where two single values meet there. */
function shareBelow(pairs: readonly Pair[], value: number): number {
  let share = 0;
  for (const { start, wide, narrow, weight } of pairs)
    share += weight * trapezoid(value - start, wide, narrow);
  return share;
}

/** Distribution function of the sum of two uniform ones on [0, wide] and [0, narrow]. */
function trapezoid(x: number, wide: number, narrow: number): number {
  if (x <= 0) return 0;
  if (x >= wide + narrow) return 1;
  if (x < narrow) return (x * x) / (2 * wide * narrow);
  if (x <= wide) return (x - narrow / 2) / wide;
  const rest = wide + narrow - x;
  return 1 - (rest * rest) / (2 * wide * narrow);
}

function valueAt(
  pairs: readonly Pair[],
  knots: Float64Array,
  shareAt: (knot: number) => number,
  level: number,
): number {
  let low = 0;
  let high = knots.length - 1;
  if (shareAt(low) >= level) return knots[low]!;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (shareAt(middle) < level) low = middle;
    else high = middle;
  }
  const shareBeforeHigh = shareBelow(pairs, knots[high]!);
  if (level >= shareBeforeHigh) return knots[high]!;
  const width = knots[high]! - knots[low]!;
  const middleShare = shareBelow(pairs, knots[low]! + width / 2);
  return knots[low]! + width * rootWithin(shareAt(low), middleShare, shareBeforeHigh, level);
}

/** Where in [0, 1] the parabola through (0, `first`), (1/2, `middle`), (1, `last`) is at `level`. */
function rootWithin(first: number, middle: number, last: number, level: number): number {
  const square = 2 * (first - 2 * middle + last);
  const linear = last - first - square;
  const wanted = level - first;
  // The form that loses no digits when `square` is next to nothing.
  const root = (2 * wanted) / (linear + Math.sqrt(Math.max(0, linear * linear + 4 * square * wanted)));
  return Number.isFinite(root) ? Math.min(1, Math.max(0, root)) : 1;
}
