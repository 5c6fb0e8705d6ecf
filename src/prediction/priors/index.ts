/** Where learning starts: measured coefficients where this model size and accelerator were measured, else an estimate from ratings. */

import type { ExecutionInstance, StepCoefficients } from '../../domain/index.ts';
import type { StepPrior } from '../online/coefficient-learner.ts';
import { findGpuRating, type GpuRating } from './gpus.ts';
import { MEASURED_PRIORS } from './measured.ts';
import { billionParametersOf } from './model-size.ts';

export { findGpuRating, GPU_RATINGS, type GpuRating } from './gpus.ts';
export { MEASURED_PRIORS, type MeasuredPrior } from './measured.ts';
export { billionParametersOf } from './model-size.ts';

/** How far off each kind of prior may be: the table's own error, a roofline's, and a guess's. */
const UNCERTAINTY = { measured: 0.5, estimated: 1, guessed: 2 } as const;

/** Sizes count as the same within this ratio: 7B to 9B run alike. */
const SAME_SIZE = 1.3;
const USUAL_GPU = 'a100';
const USUAL_SIZE = 8;

/** The prior for `model` on an instance like this. */
export function stepPrior(
  model: string,
  instance: Pick<ExecutionInstance, 'gpuType' | 'gpuCount'>,
): StepPrior {
  const rating = instance.gpuType === undefined ? undefined : findGpuRating(instance.gpuType);
  const size = billionParametersOf(model);
  const gpuCount = Math.max(1, instance.gpuCount);
  const measured = MEASURED_PRIORS.find(
    (row) =>
      row.gpu === rating?.name &&
      row.gpuCount === gpuCount &&
      size !== undefined &&
      Math.max(size / row.billionParameters, row.billionParameters / size) <= SAME_SIZE,
  );
  if (measured !== undefined) {
    return { coefficients: measured.coefficients, relativeUncertainty: UNCERTAINTY.measured };
  }
  const isKnown = rating !== undefined && size !== undefined;
  return {
    coefficients: estimate(rating ?? findGpuRating(USUAL_GPU)!, gpuCount, size ?? USUAL_SIZE),
    relativeUncertainty: isKnown ? UNCERTAINTY.estimated : UNCERTAINTY.guessed,
  };
}

/**
 * A roofline with the efficiencies that the measured rows reach: weights are read at 60 % of the bandwidth, linear layers run at
 * 60 % of the peak on one GPU and 42 % across several, attention at half of the peak, KV is read at 70 % of the bandwidth.
 */
function estimate({ bandwidthGBps, teraflops }: GpuRating, gpuCount: number, size: number): StepCoefficients {
  const bytesPerMs = bandwidthGBps * 1e6 * gpuCount;
  const flopsPerMs = teraflops * 1e9 * gpuCount;
  const linearEfficiency = gpuCount > 1 ? 0.42 : 0.6;
  // Llama 3's 8B and 70B give both points of each power law: 4·32·4096 and 4·80·8192 FLOP a pair, 128 and 320 KiB a token.
  const flopsPerPair = 524_288 * (size / 8) ** 0.742;
  const kvBytesPerToken = 131_072 * (size / 8) ** 0.4225;
  return {
    fixedMs: gpuCount > 1 ? 4.5 : 1,
    weightsMs: (2e9 * size) / (0.6 * bytesPerMs),
    msPerToken: (2e9 * size) / (linearEfficiency * flopsPerMs),
    msPerPair: flopsPerPair / (0.5 * flopsPerMs),
    msPerKvToken: kvBytesPerToken / (0.7 * bytesPerMs),
    msPerRequest: 0.0044,
    maxBatchedTokens: 2048,
  };
}
