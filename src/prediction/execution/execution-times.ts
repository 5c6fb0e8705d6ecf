/** What somebody else says of how long requests take as a whole, by what kind of request it is and where it runs. */

import type { PredictedMs } from '../../domain/index.ts';
import type { Place } from '../instance-class.ts';
import { momentsOf, type QuantileTable, quantileAt, quartileSummary } from './quantiles.ts';

/** A request as far as its time depends on it, were it alone in the queue. */
export interface RequestShape {
  readonly uncachedTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** Requests that generate there once it does. */
  readonly batchSize: number;
}

export interface ExecutionTimes {
  /** From its dispatch to its end, without waiting for others; `undefined` where it is not known. */
  of(shape: RequestShape, place: Place): PredictedMs | undefined;
}

/** Where a request runs, in the words of SwarmPilot's predictor. */
export interface PlaceTraits {
  readonly model_type: string;
  readonly model_name: string;
  readonly hardware: string;
  readonly software_name: string;
  readonly software_version: string;
}

/** What stands where an instance does not say. */
export const UNKNOWN_TRAIT = 'unknown';

/** An instance's labels of these names say it otherwise than its own facts do. */
export function traitsOf({ instance, model }: Place): PlaceTraits {
  const { labels, gpuType = UNKNOWN_TRAIT, engine } = instance;
  return {
    model_type: labels.model_type ?? model,
    model_name: labels.model_name ?? model,
    hardware: labels.hardware ?? gpuType,
    software_name: labels.software_name ?? engine,
    software_version: labels.software_version ?? UNKNOWN_TRAIT,
  };
}

/** A distribution as records and services tell it: as a mean with an error, as quantiles, or both. */
export interface ToldTime {
  readonly expect?: number | undefined;
  readonly error?: number | undefined;
  readonly quantiles?: QuantileTable | undefined;
}

/** The mean as told; else from the quartiles; else from whatever quantiles there are. */
export function timeOf({ expect, error, quantiles }: ToldTime): PredictedMs | undefined {
  const summary = quantiles && (quartileSummary(quantiles) ?? momentsOf(quantiles));
  const mean = expect ?? summary?.mean;
  if (mean === undefined || !(mean > 0 && Number.isFinite(mean))) return undefined;
  const standardDeviation = error ?? summary?.standardDeviation ?? 0;
  const p80 = quantiles && quantileAt(quantiles, 0.8);
  return { mean, standardDeviation, ...(p80 !== undefined && p80 > 0 && { p80 }) };
}
