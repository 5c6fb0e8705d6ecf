/** One attempt of a request on an instance, as the predictor follows it. */

import type { ForecastFacts, PredictedMs, RequestMetadata } from '../../domain/index.ts';
import type { Place } from '../instance-class.ts';

export interface Flight {
  readonly request: RequestMetadata;
  readonly place: Place;
  readonly dispatchedMs: number;
  /** What was known, and foretold from it, at the dispatch. */
  readonly facts: ForecastFacts;
  readonly ttft: PredictedMs;
  readonly tpot: PredictedMs;
  /** The instance's totals when its first token came; `undefined` while its prompt is being computed. */
  atFirstToken: LoadTotals | undefined;
}

/** Sums over an instance's life; the difference of two is what happened in between. */
export interface LoadTotals {
  readonly atMs: number;
  /** Requests that generated, times milliseconds; and the KV tokens they held, times milliseconds. */
  readonly decodingMs: number;
  readonly kvTokenMs: number;
  /** Prompts whose first token came, their computed tokens and (query, key) pairs. */
  readonly prompts: number;
  readonly prefillTokens: number;
  readonly prefillPairs: number;
}
