/** The sum of two independent times on a grid: the reference that the exact sum is measured against. */

import type { QuantileTable } from '../../task.ts';
import { checkQuantileTable, interpolate, valueExtended } from './quantile-table.ts';

export interface GridSum {
  /** Equally spaced. */
  readonly values: Float64Array;
  /** The share of sums at or below each of `values`. */
  readonly shares: Float64Array;
}

const DEFAULT_POINTS = 5000;
/** How far the grid reaches beyond the sums of the 0.1 % and 99.9 % quantiles. */
const MARGIN = 5;
const LEAST_STEP = 1e-12;

/**
 * One distribution becomes as many values as it has segments, each its middle and weighing as much as it is wide; the other is
 * read at every point of the grid, once for each.
 * @throws RangeError when a table is not in order
 */
export function convolveOnGrid(one: QuantileTable, other: QuantileTable, points = DEFAULT_POINTS): GridSum {
  checkQuantileTable(one);
  checkQuantileTable(other);
  const first = valueExtended(one, 0.001) + valueExtended(other, 0.001) - MARGIN;
  const last = valueExtended(one, 0.999) + valueExtended(other, 0.999) + MARGIN;
  const shareOf = shareFunction(one);
  const cells = cellsOf(other);
  const values = new Float64Array(points);
  const shares = new Float64Array(points);
  let highest = 0;
  for (let i = 0; i < points; i++) {
    const value = i === points - 1 ? last : first + (i * (last - first)) / (points - 1);
    let share = 0;
    for (const { middle, weight } of cells) share += weight * shareOf(value - middle);
    highest = Math.min(1, Math.max(highest, share));
    values[i] = value;
    shares[i] = highest;
  }
  return { values, shares };
}

export function quantilesOfGrid({ values, shares }: GridSum, levels: readonly number[]): QuantileTable {
  const [xs, ys] = [Array.from(shares), Array.from(values)];
  const [lowest, highest] = [xs[0]! + LEAST_STEP, xs.at(-1)! - LEAST_STEP];
  const at = (level: number) => interpolate(xs, ys, Math.min(highest, Math.max(lowest, level)));
  return { levels, values: levels.map(at) };
}

/** The share of values at or below one: the inverse of the quantile function. */
export function shareFunction({ levels, values }: QuantileTable): (value: number) => number {
  const rising = risingStrictly(values);
  const last = rising.length - 1;
  const slope = (i: number) => (levels[i + 1]! - levels[i]!) / (rising[i + 1]! - rising[i]!);
  const [lowest, highest] = last < 1 ? [0, 0] : [slope(0), slope(last - 1)];
  return (value) => {
    if (value < rising[0]!) return Math.max(0, levels[0]! + (value - rising[0]!) * lowest);
    if (value > rising[last]!) return Math.min(1, levels[last]! + (value - rising[last]!) * highest);
    return interpolate(rising, levels, value);
  };
}

function cellsOf(table: QuantileTable): readonly { readonly middle: number; readonly weight: number }[] {
  const edges = [0, ...table.levels, 1];
  return edges.slice(1).map((upper, i) => {
    const lower = edges[i]!;
    return { middle: valueExtended(table, (lower + upper) / 2), weight: upper - lower };
  });
}

/** Equal values are put a hair apart, so that each share has one value. */
function risingStrictly(values: readonly number[]): readonly number[] {
  const rising: number[] = [];
  for (const value of values) {
    const before = rising.at(-1);
    rising.push(before !== undefined && value <= before ? before + LEAST_STEP : value);
  }
  return rising;
}
