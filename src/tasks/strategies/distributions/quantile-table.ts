/** Reading a distribution that is known by some of its quantiles. */

import type { QuantileTable } from '../../task.ts';

/** The levels at which existing clients keep distributions. */
export const DEFAULT_LEVELS: readonly number[] = [0.25, 0.5, 0.75, 0.99];

/** Whether these can be levels of a distribution: rising, from 0 to 1. */
export function isQuantileLevels(value: unknown): value is readonly number[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every(
    (level, i) => typeof level === 'number' && level >= 0 && level <= 1 && (i === 0 || level > value[i - 1]),
  );
}

/** What is queued is also known by moments alone, which have no least and no greatest time. */
const OUTERMOST = 0.001;

/** Levels at which every distribution has a value: 0 and 1 stand for what is nearly so. */
export function workingLevels(levels: readonly number[]): readonly number[] {
  const within = levels.map((level) => Math.min(1 - OUTERMOST, Math.max(OUTERMOST, level)));
  return within.filter((level, i) => i === 0 || level > within[i - 1]!);
}

/** @throws RangeError naming the first pair that is out of order */
export function checkQuantileTable({ levels, values }: QuantileTable): void {
  if (levels.length === 0 || levels.length !== values.length) {
    throw new RangeError(
      `quantiles: found ${levels.length} levels and ${values.length} values, wanted as many of both, at least one`,
    );
  }
  for (const [i, level] of levels.entries()) {
    if (!(level > 0 && level < 1 && (i === 0 || level > levels[i - 1]!))) {
      throw new RangeError(`quantiles: levels[${i}] is ${level}; levels must rise strictly within (0, 1)`);
    }
    const value = values[i]!;
    if (!(Number.isFinite(value) && (i === 0 || value >= values[i - 1]!))) {
      throw new RangeError(`quantiles: values[${i}] is ${value}; values must be finite and never fall`);
    }
  }
}

/** The value at level `u`; beyond the known levels the first or last value. */
export function valueWithin({ levels, values }: QuantileTable, u: number): number {
  return interpolate(levels, values, u);
}

/** The value at level `u`; beyond the known levels on the line through the two nearest. */
export function valueExtended(table: QuantileTable, u: number): number {
  const { levels, values } = table;
  const last = levels.length - 1;
  if (u < levels[0]!) return values[0]! + (u - levels[0]!) * lowestSlope(table);
  if (u > levels[last]!) return values[last]! + (u - levels[last]!) * highestSlope(table);
  return interpolate(levels, values, u);
}

/** The whole distribution as lines: the levels 0 and 1 added, on the lines of the outermost segments. */
export function extended(table: QuantileTable): QuantileTable {
  return {
    levels: [0, ...table.levels, 1],
    values: [valueExtended(table, 0), ...table.values, valueExtended(table, 1)],
  };
}

/** A distribution's values at other levels. */
export function atLevels(table: QuantileTable, levels: readonly number[]): QuantileTable {
  return { levels, values: levels.map((level) => valueExtended(table, level)) };
}

/** No time is below zero. */
export function notNegative({ levels, values }: QuantileTable): QuantileTable {
  return { levels, values: values.map((value) => Math.max(0, value)) };
}

/** `ys` over `xs`, which never fall; between points linear, beyond them the first or last value. */
export function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const last = xs.length - 1;
  if (!(x > xs[0]!)) return ys[0]!;
  if (x >= xs[last]!) return ys[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  const share = (x - xs[low]!) / (xs[high]! - xs[low]!);
  return ys[low]! + share * (ys[high]! - ys[low]!);
}

function lowestSlope({ levels, values }: QuantileTable): number {
  return levels.length < 2 ? 0 : (values[1]! - values[0]!) / (levels[1]! - levels[0]!);
}

function highestSlope({ levels, values }: QuantileTable): number {
  const last = levels.length - 1;
  return last < 1 ? 0 : (values[last]! - values[last - 1]!) / (levels[last]! - levels[last - 1]!);
}
