/**
 * What the F5 modes make of one metric's values before they weigh them. Each takes the values of all members that have the
 * metric and gives one number per member, the higher the busier. `adaptive-distribution.ts` holds the longest of them.
 */

import { mean, rangeOf, square, variance } from './statistics.ts';

export type Normaliser = (values: readonly number[]) => readonly number[];

/** As it is. */
export const raw: Normaliser = (values) => values;

/** Linear from the smallest at 0 to the largest at 1; all equal: 0. */
export const minMax: Normaliser = (values) => {
  const { lo, hi } = rangeOf(values);
  if (values.length <= 1 || lo === hi) return values.map(() => 0);
  return values.map((value) => (value - lo) / (hi - lo));
};

interface LogScale {
  /** What the smallest gets, and how much more the largest does. */
  readonly base: number;
  readonly span: number;
  /** The ratio of a value to the smallest; `undefined` where there is none, which leaves a logistic curve. */
  readonly ratios: (values: readonly number[], lo: number) => readonly number[] | undefined;
}

const onLogScale =
  ({ base, span, ratios }: LogScale): Normaliser =>
  (values) => {
    const { lo, hi } = rangeOf(values);
    if (values.length === 1 || lo === hi) return values.map(() => 0.5);
    const logs = ratios(values, lo)?.map((ratio) => Math.log2(ratio));
    const highest = logs === undefined ? Number.NaN : rangeOf(logs).hi;
    // A ratio to something tiny may be beyond what a double holds.
    if (logs === undefined || !Number.isFinite(highest)) return onLogisticCurve(values, base, span);
    if (!(highest > 0)) return values.map(() => 0.5);
    return logs.map((log) => base + span * (log / highest));
  };

/** By the logarithm of the ratio to the smallest, from 0.2 to 1. */
export const preciseCache: Normaliser = onLogScale({
  base: 0.2,
  span: 0.8,
  ratios: (values, lo) => (lo > 0 ? values.map((value) => value / lo) : undefined),
});

/** The same for counts, which may be 0: one is added to each; from 0.15 to 0.95. */
export const preciseRunning: Normaliser = onLogScale({
  base: 0.15,
  span: 0.8,
  ratios: (values, lo) => (lo >= 0 ? values.map((value) => (value + 1) / (lo + 1)) : undefined),
});

function onLogisticCurve(values: readonly number[], base: number, span: number): readonly number[] {
  const centre = mean(values);
  const deviation = Math.sqrt(variance(values, centre)) || 1;
  return values.map((value) => {
    const z = (value - centre) / (3 * deviation);
    return base + span * (1 / (1 + Math.exp(-2 * z)));
  });
}

/** Two positive values share 1 as they relate; anything else is `minMax`. */
export const ratioOfTwo: Normaliser = (values) => {
  if (values.length === 1) return [0.5];
  const [first, second] = values;
  if (values.length !== 2 || first === undefined || second === undefined) return minMax(values);
  if (first === second) return [0.5, 0.5];
  if (!(first > 0 && second > 0)) return minMax(values);
  const ratio = first > second ? first / second : second / first;
  if (!Number.isFinite(ratio)) return minMax(values);
  const larger = ratio / (ratio + 1);
  const smaller = 1 / (ratio + 1);
  return first > second ? [larger, smaller] : [smaller, larger];
};

/** Relative spread below which the output keeps to a narrow range around the middle. */
const SMOOTH_RANGES: readonly (readonly [below: number, lo: number, hi: number])[] = [
  [0.1, 0.45, 0.55],
  [0.3, 0.35, 0.65],
  [0.8, 0.25, 0.75],
  [2, 0.15, 0.85],
  [Number.POSITIVE_INFINITY, 0.05, 0.95],
];

/** `minMax` into a range that is the wider the further the values are apart. */
export const smooth: Normaliser = (values) => {
  const { lo, hi } = rangeOf(values);
  if (values.length <= 1 || lo === hi) return values.map(() => 0.5);
  const spread = lo > 0 ? (hi - lo) / lo : hi - lo;
  const [, from, to] = SMOOTH_RANGES.find(([below]) => spread < below) ?? SMOOTH_RANGES.at(-1)!;
  return values.map((value) => from + ((value - lo) / (hi - lo)) * (to - from));
};

/** Keeps a difference of exactly 0 from dividing by 0. */
const NONLINEAR_EPSILON = 1e-6;

const nonlinear =
  (whenEqual: number): Normaliser =>
  (values) => {
    const { lo, hi } = rangeOf(values);
    if (lo === hi) return values.map(() => whenEqual);
    return values.map((value) => (value - lo) / (hi - lo + NONLINEAR_EPSILON));
  };

export const nonlinearWaiting: Normaliser = nonlinear(0);

/** Squared, so that a nearly full cache counts more than proportionally, and stretched over 0 to 1 again. */
export const nonlinearCache: Normaliser = (values) => {
  const squares = nonlinear(0.5)(values).map(square);
  const { lo, hi } = rangeOf(squares);
  return lo === hi ? squares : minMax(squares);
};
