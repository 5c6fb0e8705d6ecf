/** A prediction as what a queue adds up: expectation, standard deviation and, where it asks for it, a distribution. */

import type { QuantileTable, TaskPrediction } from '../task.ts';
import { type Cumulants, gammaLike, tableOf } from './distributions/cumulants.ts';
import { notNegative } from './distributions/quantile-table.ts';

/** As the queue reads a prediction; what is no number counts as nothing. */
export function momentsOf(prediction: TaskPrediction | undefined): {
  readonly expectedMs: number;
  readonly varianceMs2: number;
} {
  const expectedMs = atLeastZero(prediction?.expectedMs);
  const errorMs = atLeastZero(prediction?.errorMs);
  return { expectedMs, varianceMs2: errorMs * errorMs };
}

/** The prediction's own quantiles, or at `levels` those of a gamma distribution of its expectation and deviation. */
export function timeTableOf(
  prediction: TaskPrediction | undefined,
  levels: readonly number[],
): QuantileTable {
  if (prediction?.quantiles !== undefined) return prediction.quantiles;
  return notNegative(tableOf(cumulantsOfTask(prediction), levels));
}

export function cumulantsOfTask(prediction: TaskPrediction | undefined): Cumulants {
  const { expectedMs, varianceMs2 } = momentsOf(prediction);
  return gammaLike(expectedMs, varianceMs2);
}

function atLeastZero(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? Math.max(0, value) : 0;
}
