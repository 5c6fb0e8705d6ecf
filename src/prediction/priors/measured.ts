/** Step coefficients that were measured: the rows of the engine model's calibration. */

import type { StepCoefficients } from '../../domain/index.ts';

export interface MeasuredPrior {
  readonly gpu: string;
  readonly gpuCount: number;
  readonly billionParameters: number;
  readonly coefficients: StepCoefficients;
}

/** BLIS' fit over 15 H100 runs (inference-sim `defaults.yaml` @ f90a1e3a). */
const MS_PER_REQUEST = 0.0044;

/**
 * Llama 3, bf16, vLLM's defaults. Linear layers: casys-kaist/LLMServingSim `profiler/v0/perf_models/H100` and microsoft/vidur
 * `data/profiling/compute/a100` (sums of non-attention kernels times layers); all-reduce: vidur `network/h100_dgx`; attention:
 * 4·layers·heads·headDim FLOP per pair at about 500 (H100) or 190 TFLOP/s (A100), KV bytes over 70 % of the bandwidth.
 */
export const MEASURED_PRIORS: readonly MeasuredPrior[] = [
  row('h100', 1, 8, { fixed: 1, weights: 8.2, perToken: 26.5, perPair: 1.05, perKv: 56 }),
  row('a100', 1, 8, { fixed: 1, weights: 10, perToken: 70, perPair: 2.75, perKv: 92 }),
  row('h100', 4, 70, { fixed: 4.5, weights: 20.4, perToken: 84, perPair: 1.3, perKv: 35 }),
  row('h100', 8, 70, { fixed: 4.5, weights: 11, perToken: 45, perPair: 0.65, perKv: 18 }),
  row('a100', 4, 70, { fixed: 4.5, weights: 26, perToken: 175, perPair: 3.4, perKv: 57 }),
];

interface Figures {
  /** Milliseconds a step. */
  readonly fixed: number;
  readonly weights: number;
  /** Microseconds. */
  readonly perToken: number;
  /** Nanoseconds. */
  readonly perPair: number;
  readonly perKv: number;
}

function row(gpu: string, gpuCount: number, billionParameters: number, figures: Figures): MeasuredPrior {
  const { fixed, weights, perToken, perPair, perKv } = figures;
  return {
    gpu,
    gpuCount,
    billionParameters,
    coefficients: {
      fixedMs: fixed,
      weightsMs: weights,
      msPerToken: perToken / 1e3,
      msPerPair: perPair / 1e6,
      msPerKvToken: perKv / 1e6,
      msPerRequest: MS_PER_REQUEST,
      maxBatchedTokens: 2048,
    },
  };
}
