/**
 * What the next interval will bring, from those before it. Requests and both lengths are foretold each by itself.
 *
 * These are sageLLM's predictors. Its `arima` and `prophet` are there what they are without the libraries of that name: a moving
 * average that says nothing before it has 5, or 10, points (`leastPoints`).
 */

import type { Load } from './load.ts';

export const LOAD_PREDICTOR_NAMES = ['constant', 'moving-average', 'exponential-smoothing'] as const;
export type LoadPredictorName = (typeof LOAD_PREDICTOR_NAMES)[number];
export const DEFAULT_LOAD_PREDICTOR: LoadPredictorName = 'constant';

export interface LoadPredictorOptions {
  /** So many points are looked at, the newest. Default 10. */
  readonly window?: number;
  /** With fewer, nothing is foretold. Default 1. */
  readonly leastPoints?: number;
}

const DEFAULT_WINDOW = 10;
/** Weight of a new point in exponential smoothing. */
const SMOOTHING = 0.3;

/** Of at least one value, the oldest first. */
type Foretell = (values: readonly number[]) => number;

const FORETELL: Readonly<Record<LoadPredictorName, Foretell>> = {
  constant: (values) => values.at(-1)!,
  'moving-average': (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  'exponential-smoothing': (values) =>
    values.reduce((level, value) => SMOOTHING * value + (1 - SMOOTHING) * level),
};

/** @param points the oldest first */
export function predictLoad(
  name: LoadPredictorName,
  points: readonly Load[],
  { window = DEFAULT_WINDOW, leastPoints = 1 }: LoadPredictorOptions = {},
): Load | undefined {
  const seen = points.slice(-window);
  if (seen.length < Math.max(1, leastPoints)) return undefined;
  const foretell = FORETELL[name];
  return {
    requests: foretell(seen.map(({ requests }) => requests)),
    promptTokens: foretell(seen.map(({ promptTokens }) => promptTokens)),
    outputTokens: foretell(seen.map(({ outputTokens }) => outputTokens)),
  };
}
