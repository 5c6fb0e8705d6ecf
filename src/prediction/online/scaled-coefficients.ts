/** Coefficients of something that is slower or faster in all it does. */

import type { StepCoefficients } from '../../domain/index.ts';

export function scaledCoefficients(coefficients: StepCoefficients, factor: number): StepCoefficients {
  const {
    fixedMs,
    weightsMs,
    msPerToken,
    msPerPair,
    msPerKvToken,
    msPerRequest,
    overheadMs = 0,
  } = coefficients;
  return Object.freeze({
    fixedMs: fixedMs * factor,
    weightsMs: weightsMs * factor,
    msPerToken: msPerToken * factor,
    msPerPair: msPerPair * factor,
    msPerKvToken: msPerKvToken * factor,
    msPerRequest: msPerRequest * factor,
    overheadMs: overheadMs * factor,
    maxBatchedTokens: coefficients.maxBatchedTokens,
  });
}
