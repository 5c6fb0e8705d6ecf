/** How some F5 modes shift their weights by what they see; the sum of the weights always stays what it was. */

import { mean, rangeOf, sum, variance } from './statistics.ts';

/** Standard deviation over mean; 0 where there is no spread to speak of. */
export function signedVariation(values: readonly number[]): number {
  if (values.length <= 1) return 0;
  const centre = mean(values);
  return centre === 0 ? 0 : Math.sqrt(variance(values, centre)) / centre;
}

const NEARLY_ZERO = 1e-6;

export function absoluteVariation(values: readonly number[]): number {
  if (values.length <= 1) return 0;
  const centre = mean(values);
  return Math.abs(centre) < NEARLY_ZERO ? 0 : Math.sqrt(variance(values, centre)) / Math.abs(centre);
}

/** More weight for the metric by which the members differ more. */
export function adaptToVariations(
  weights: readonly number[],
  variations: readonly number[],
): readonly number[] {
  const total = sum(variations);
  if (!(total > 0)) return weights;
  return rescale(
    weights.map((weight, i) => weight * (1 + variations[i]! / total)),
    sum(weights),
  );
}

/** A factor for the weight while nothing waits, and the one it nears as the queue grows. */
export type FactorRange = readonly [idle: number, busy: number];

export interface Transition {
  /** The longest queue at which the shift is well under way. */
  readonly point: number;
  readonly steepness: number;
}

/**
 * More weight for the queue the longer the longest one is.
 * @throws RangeError when the transition point is 0
 */
export function shiftToWaiting(
  weights: readonly number[],
  factors: readonly FactorRange[],
  waiting: readonly number[],
  { point, steepness }: Transition,
): readonly number[] {
  if (point === 0) throw new RangeError('transition_point: found 0, allowed is any other number');
  const intensity = Math.tanh((rangeOf(waiting).hi * steepness) / point);
  const shifted = weights.map((weight, i) => {
    const [idle, busy] = factors[i]!;
    return weight * (idle + (busy - idle) * intensity);
  });
  return rescale(shifted, sum(weights));
}

function rescale(weights: readonly number[], to: number): readonly number[] {
  const total = sum(weights);
  return total > 0 ? weights.map((weight) => (weight * to) / total) : weights;
}
