/** Mean, variance and third cumulant: what of independent times simply adds up, and can be taken away again. */

import type { QuantileTable } from '../../task.ts';
import { normalQuantile } from './normal.ts';
import { extended } from './quantile-table.ts';

export interface Cumulants {
  readonly mean: number;
  readonly variance: number;
  /** Third central moment. */
  readonly third: number;
}

/** Of the distribution whose quantile function is linear between the levels and beyond them. */
export function cumulantsOf(table: QuantileTable): Cumulants {
  const { levels, values } = extended(table);
  const mean = sumOverSegments(levels, (i) => (values[i]! + values[i + 1]!) / 2);
  let variance = 0;
  let third = 0;
  for (let i = 0; i + 1 < levels.length; i++) {
    const weight = levels[i + 1]! - levels[i]!;
    const [low, high] = [values[i]! - mean, values[i + 1]! - mean];
    variance += (weight * (low * low + low * high + high * high)) / 3;
    third += (weight * (low + high) * (low * low + high * high)) / 4;
  }
  return { mean, variance, third };
}

/** Of the sum of two independent times. */
export function together(one: Cumulants, other: Cumulants): Cumulants {
  return {
    mean: one.mean + other.mean,
    variance: one.variance + other.variance,
    third: one.third + other.third,
  };
}

/**
 * Times are never below zero and mostly lean to the right: as much as a gamma distribution of that mean and variance. What sums of
 * equal times lean is the sum of what each leans.
 */
export function gammaLike(mean: number, variance: number): Cumulants {
  return { mean, variance, third: mean > 0 ? (2 * variance * variance) / mean : 0 };
}

/**
 * Quantiles of a gamma distribution shifted to these cumulants, by E. B. Wilson and M. M. Hilferty (1931): a cube of the normal
 * quantile, which unlike the Cornish-Fisher series never falls.
 */
export function tableOf({ mean, variance, third }: Cumulants, levels: readonly number[]): QuantileTable {
  const deviation = Math.sqrt(variance);
  const cube = variance * deviation;
  const skewness = cube > 0 ? third / cube : 0;
  const scale = Math.min(LARGEST_SKEWNESS, Math.max(-LARGEST_SKEWNESS, skewness)) / 6;
  const values = levels.map((level) => mean + deviation * standardised(normalQuantile(level), scale));
  return { levels, values };
}

/** Beyond it the cube says little; and what few times lead to so much is better summed up exactly. */
const LARGEST_SKEWNESS = 4;

function standardised(z: number, scale: number): number {
  if (Math.abs(scale) < 1e-6) return z;
  return ((1 + scale * z - scale * scale) ** 3 - 1) / (3 * scale);
}

function sumOverSegments(levels: readonly number[], middleOf: (segment: number) => number): number {
  let sum = 0;
  for (let i = 0; i + 1 < levels.length; i++) sum += (levels[i + 1]! - levels[i]!) * middleOf(i);
  return sum;
}
