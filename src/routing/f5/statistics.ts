/** Means and spreads, summed from left to right: the scores depend on the last bit. */

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Mean square distance from `centre`, over all values (not over one less). */
export function variance(values: readonly number[], centre: number): number {
  let total = 0;
  for (const value of values) total += square(value - centre);
  return total / values.length;
}

/** By multiplication, which is exact to the last bit; `** 2` need not be. */
export const square = (value: number): number => value * value;

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

export function rangeOf(values: readonly number[]): Range {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  return { lo, hi };
}

export const clampToUnit = (value: number): number => Math.max(0, Math.min(1, value));
