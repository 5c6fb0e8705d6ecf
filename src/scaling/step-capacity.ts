/** What a replica can do by the step formula that predictors learn (`StepCoefficients`). */

import type { StepCoefficients } from '../domain/index.ts';
import type { Capacity, OperatingPoint } from './capacity.ts';

export interface BatchLimits {
  /** Requests that it may have at once. */
  readonly maxConcurrency: number;
  /** Tokens that its KV cache holds. Default: no limit. */
  readonly kvCacheTokens?: number;
}

/** Unlike the reference's, its smallest batch is one request, which it is given even where that takes longer than the target. */
export function stepCapacity(step: StepCoefficients, limits: BatchLimits): Capacity {
  return {
    promptTokensPerSecond: (promptTokens) => promptTokensPerSecond(step, promptTokens),
    bestDecoding: (tpotTargetMs, contextTokens) => bestDecoding(step, limits, tpotTargetMs, contextTokens),
  };
}

/** With prompts without end, every step is filled up to its budget. */
function promptTokensPerSecond(step: StepCoefficients, promptTokens: number): number {
  const tokens = step.maxBatchedTokens;
  const prompts = tokens / Math.max(1, promptTokens);
  const pairs = (tokens * promptTokens) / 2;
  const stepMs = linearMs(step, tokens) + step.msPerPair * pairs + step.msPerRequest * prompts;
  return (tokens * 1000) / stepMs;
}

function bestDecoding(
  step: StepCoefficients,
  { maxConcurrency, kvCacheTokens = Number.POSITIVE_INFINITY }: BatchLimits,
  tpotTargetMs: number,
  contextTokens: number,
): OperatingPoint {
  const held = Math.floor(kvCacheTokens / Math.max(1, contextTokens));
  const most = Math.max(1, Math.min(maxConcurrency, held, step.maxBatchedTokens));
  const concurrency = largest(most, (batch) => decodeStepMs(step, batch, contextTokens) <= tpotTargetMs);
  const tpotMs = decodeStepMs(step, concurrency, contextTokens);
  return { tokensPerSecond: (concurrency * 1000) / tpotMs, tpotMs, concurrency };
}

function decodeStepMs(step: StepCoefficients, batch: number, contextTokens: number): number {
  return linearMs(step, batch) + batch * (step.msPerKvToken * contextTokens + step.msPerRequest);
}

function linearMs({ fixedMs, weightsMs, msPerToken }: StepCoefficients, tokens: number): number {
  return fixedMs + Math.hypot(weightsMs, msPerToken * tokens);
}

/** The largest whole number from 1 to `most` that fits, or 1; what fits is all up to some number. */
function largest(most: number, fits: (value: number) => boolean): number {
  let [low, tooMany] = [1, Math.floor(most) + 1];
  while (tooMany - low > 1) {
    const middle = Math.floor((low + tooMany) / 2);
    if (fits(middle)) low = middle;
    else tooMany = middle;
  }
  return low;
}
