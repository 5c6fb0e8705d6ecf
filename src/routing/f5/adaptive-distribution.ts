/** Spreads values over a range by how far they are from their mean, as wide as they differ, without changing their order. */

import type { Normaliser } from './normalisers.ts';
import { clampToUnit, mean, rangeOf, variance } from './statistics.ts';

/** What the values are: queues may differ by orders of magnitude, cache shares by hundredths that matter. */
export type DistributionKind = 'waiting' | 'cache' | 'general';

interface Shape {
  /** How steeply the curve rises around the mean. */
  readonly sensitivity: number;
  readonly lo: number;
  readonly hi: number;
}

/** By coefficient of variation: values close together are told apart steeply, but within a narrow range. */
const SHAPES: readonly (readonly [below: number, shape: Shape])[] = [
  [0.1, { sensitivity: 3, lo: 0.4, hi: 0.6 }],
  [0.3, { sensitivity: 2, lo: 0.25, hi: 0.75 }],
  [0.8, { sensitivity: 1.5, lo: 0.15, hi: 0.85 }],
  [Number.POSITIVE_INFINITY, { sensitivity: 1, lo: 0.1, hi: 0.9 }],
];

const NEARLY_ZERO = 1e-6;
/** Cache shares are told apart this much more steeply, and while close together within a range of their own. */
const CACHE_SENSITIVITY = 1.5;
const CACHE_CLOSE_BELOW = 0.2;
const CACHE_CLOSE_RANGE = { lo: 0.35, hi: 0.65 };
/** Queues that differ by more than this factor are compared by their logarithms. */
const WIDE_QUEUES = 10;

export const adaptiveDistribution = (kind: DistributionKind): Normaliser =>
  function distribute(values) {
    if (values.length <= 1) return values.map(() => 0.5);
    const { lo, hi } = rangeOf(values);
    if (kind === 'waiting' && hi > WIDE_QUEUES * lo && lo >= 0) {
      return adaptiveDistribution('general')(values.map((value) => Math.log(Math.max(1, value + 1))));
    }
    const centre = mean(values);
    const spread = variance(values, centre);
    const deviation = spread === 0 ? NEARLY_ZERO : Math.sqrt(spread);
    const shape = shapeFor(kind, centre, deviation);
    const curve = values.map((value) => onCurve(value, centre, deviation, shape));
    return isSameOrder(values, curve) ? curve : byRank(values, shape);
  };

function shapeFor(kind: DistributionKind, centre: number, deviation: number): Shape {
  const variation = Math.abs(centre) > NEARLY_ZERO ? deviation / Math.abs(centre) : deviation;
  const [, shape] = SHAPES.find(([below]) => variation < below) ?? SHAPES.at(-1)!;
  if (kind !== 'cache') return shape;
  const range = variation < CACHE_CLOSE_BELOW ? CACHE_CLOSE_RANGE : shape;
  return { sensitivity: shape.sensitivity * CACHE_SENSITIVITY, lo: range.lo, hi: range.hi };
}

function onCurve(value: number, centre: number, deviation: number, { sensitivity, lo, hi }: Shape): number {
  const z = deviation > NEARLY_ZERO ? (value - centre) / deviation : 0;
  const share = Math.tanh((z * sensitivity) / 2) * 0.5 + 0.5;
  return clampToUnit(lo + share * (hi - lo));
}

/** Whether sorting by either gives the same order, equal ones staying as they come. */
function isSameOrder(values: readonly number[], outputs: readonly number[]): boolean {
  const byOutput = stableOrder(outputs);
  return stableOrder(values).every((place, rank) => place === byOutput[rank]);
}

function byRank(values: readonly number[], { lo, hi }: Shape): readonly number[] {
  const outputs = new Array<number>(values.length);
  stableOrder(values).forEach((place, rank) => {
    outputs[place] = lo + (rank / (values.length - 1)) * (hi - lo);
  });
  return outputs;
}

function stableOrder(values: readonly number[]): readonly number[] {
  return values.map((_, place) => place).sort((a, b) => values[a]! - values[b]!);
}
