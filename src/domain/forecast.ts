/** What a predictor promises: how long, as a distribution, from what is known at the moment of asking. */

import type { PredictedMs } from './decision.ts';
import type { LifecycleListener } from './lifecycle.ts';
import type { RequestMetadata } from './request.ts';

/**
 * Coefficients of one engine step (see `src/enginemodel/step-time.ts`):
 * T = fixed + √(weights² + (perToken·n)²) + perPair·pairs + perKvToken·kv + perRequest·requests.
 */
export interface StepCoefficients {
  readonly fixedMs: number;
  readonly weightsMs: number;
  readonly msPerToken: number;
  readonly msPerPair: number;
  readonly msPerKvToken: number;
  readonly msPerRequest: number;
  /** Tokens that one step may hold. */
  readonly maxBatchedTokens: number;
  /** Paid once by each request before its first token, outside the steps: HTTP, tokenising. Default 0. */
  readonly overheadMs?: number;
}

/** An instance's state and a request's size, as far as they decide how long it takes there. */
export interface ForecastFacts {
  readonly instanceId: string;
  readonly model: string;
  /** Prompt tokens that must be computed, and those that the instance holds already. */
  readonly uncachedTokens: number;
  readonly cachedTokens: number;
  /** Prompt tokens to be computed before it. */
  readonly queuedPrefillTokens: number;
  /** Requests that generate there now, and the tokens of KV they hold. */
  readonly decodingRequests: number;
  readonly kvTokens: number;
  /** (Query, key) pairs of the prompts before it; where it is left out, they are taken to be as long as this one. */
  readonly queuedPrefillPairs?: number;
  /** Prompt tokens that the instance computed per second lately: they slow down who generates there. */
  readonly prefillTokensPerSecond?: number;
  /** How long the answer may be expected to be. */
  readonly outputTokens?: number;
}

export interface PredictorAccuracy {
  readonly samples: number;
  /** Mean absolute percentage error, 0.2 for 20 %; NaN while there is no sample. */
  readonly ttftMape: number;
  readonly tpotMape: number;
  /** Share of actual times to first token that lay within the predicted 80 % quantile. */
  readonly ttftWithinP80: number;
}

/** Learns from every first token and completion (`LifecycleListener`), and says how long something will take. */
export interface LatencyPredictor extends LifecycleListener {
  readonly name: string;
  coefficients(instanceId: string, model: string): StepCoefficients;
  /** From dispatch. */
  ttft(facts: ForecastFacts): PredictedMs;
  tpot(facts: ForecastFacts): PredictedMs;
  expectedOutputTokens(request: RequestMetadata): number;
  accuracy(): PredictorAccuracy;
}

/** A request of which one wants to know how long it would take somewhere. */
export interface ForecastQuestion {
  readonly instanceId: string;
  readonly model: string;
  readonly uncachedTokens: number;
  readonly cachedTokens: number;
}

/** A predictor that keeps each instance's load itself, from the dispatches, first tokens and ends it hears of. */
export interface ForecastingPredictor extends LatencyPredictor {
  /** The facts to ask `ttft` and `tpot` with, were it dispatched at `nowMs`. */
  facts(question: ForecastQuestion, nowMs: number): ForecastFacts;
}
