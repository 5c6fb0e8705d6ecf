/** What stands behind a predictor: a way to tell times from facts, which may learn from what then happened. */

import type { ForecastFacts, PredictedMs, StepCoefficients } from '../domain/index.ts';
import type { Place } from './instance-class.ts';
import type { DecodeMix } from './online/work-of.ts';

/** One attempt that went well, as far as it could be seen. */
export type Observation =
  | { readonly of: 'ttft'; readonly facts: ForecastFacts; readonly ms: number; readonly predictedMs: number }
  /** All tokens after the first; `predictedMs` for one of them. */
  | { readonly of: 'decode'; readonly mix: DecodeMix; readonly ms: number; readonly predictedMs: number }
  /** An answer that came in one piece: from dispatch to its end. */
  | { readonly of: 'whole'; readonly facts: ForecastFacts; readonly mix: DecodeMix; readonly ms: number };

export interface LatencyModel {
  coefficients(place: Place): StepCoefficients;
  ttft(facts: ForecastFacts, place: Place): PredictedMs;
  tpot(facts: ForecastFacts, place: Place): PredictedMs;
  learn?(observation: Observation, place: Place): void;
  forgetInstance?(instanceId: string): void;
  /** Of a model that has its times from elsewhere: how often it had, and how often another model stood in. */
  sources?(): PredictionSources;
}

/** Predictions of times to first token so far. */
export interface PredictionSources {
  readonly told: number;
  readonly stoodIn: number;
}
