/** How to spread a model over GPUs: tensor, pipeline, data and expert sizes, with a rough estimate of what they are worth. */

import type { ParallelSizes } from '../../domain/index.ts';

export const PARALLEL_STRATEGIES = ['tensor', 'pipeline', 'data', 'expert', 'hybrid'] as const;
export type ParallelStrategy = (typeof PARALLEL_STRATEGIES)[number];

/** What of a model bounds the sizes; what is left out does not. */
export interface ModelShape {
  /** Tensor parallelism must divide the attention heads evenly. */
  readonly attentionHeads?: number;
  /** Pipeline stages have at least one layer each. */
  readonly layers?: number;
  /** Expert parallelism spreads these. */
  readonly experts?: number;
}

export interface ParallelEstimate {
  readonly latencyMs: number;
  readonly tokensPerSecond: number;
  /** Share of the GPUs' time that is used, 0 to 1. */
  readonly gpuUtilisation: number;
}

export interface ParallelRecommendation {
  readonly strategy: ParallelStrategy;
  readonly sizes: ParallelSizes;
  /** GPUs that the sizes take; those of `gpus` that are left over stay idle. */
  readonly gpusUsed: number;
  /** Relative to a request of 100 ms on one GPU; for comparing strategies, not for planning capacity. */
  readonly estimate: ParallelEstimate;
}

/**
 * The guide's choice for `gpus` GPUs, or the sizes of the `wanted` strategy.
 * @throws RangeError when there is no GPU
 */
export function recommendParallelism(
  model: ModelShape,
  gpus: number,
  wanted?: ParallelStrategy,
): ParallelRecommendation {
  if (!(Number.isInteger(gpus) && gpus >= 1)) {
    throw new RangeError(`parallelism: gpus must be a whole number of at least 1, found ${gpus}`);
  }
  const strategy = wanted ?? strategyFor(gpus);
  const sizes = boundedBy(model, SIZES[strategy](gpus));
  return { strategy, sizes, gpusUsed: gpusOf(sizes), estimate: ESTIMATES[strategy](sizes) };
}

function strategyFor(gpus: number): ParallelStrategy {
  if (gpus >= 8) return 'hybrid';
  if (gpus >= 4) return 'tensor';
  return gpus >= 2 ? 'data' : 'tensor';
}

const sizes = (parts: Partial<ParallelSizes>): ParallelSizes => ({
  tensor: 1,
  pipeline: 1,
  data: 1,
  expert: 1,
  ...parts,
});

const SIZES: Readonly<Record<ParallelStrategy, (gpus: number) => ParallelSizes>> = {
  tensor: (gpus) => sizes({ tensor: 2 ** Math.floor(Math.log2(gpus)) }),
  pipeline: (gpus) => sizes({ pipeline: Math.min(gpus, 4) }),
  data: (gpus) => sizes({ data: gpus }),
  expert: (gpus) => sizes({ expert: Math.min(gpus, 8) }),
  hybrid(gpus) {
    if (gpus >= 16) return sizes({ tensor: 4, pipeline: 2, data: Math.floor(gpus / 8) });
    if (gpus >= 8) return sizes({ tensor: 4, data: Math.floor(gpus / 4) });
    return sizes({ tensor: gpus >= 4 ? gpus : Math.min(gpus, 2) });
  },
};

const BASE_MS = 100;
/** What the all-reduces between so many GPUs cost. */
const tensorOverhead = (tensor: number): number => 1 + 0.1 * Math.log2(tensor);
/** What filling and draining so many stages costs. */
const pipelineBubble = (pipeline: number): number => 1 + 0.15 * pipeline;

const ESTIMATES: Readonly<Record<ParallelStrategy, (of: ParallelSizes) => ParallelEstimate>> = {
  tensor({ tensor }) {
    const speedup = tensor / tensorOverhead(tensor);
    return { latencyMs: BASE_MS / speedup, tokensPerSecond: 100 * speedup, gpuUtilisation: 0.8 };
  },
  pipeline({ pipeline }) {
    const bubble = pipelineBubble(pipeline);
    return { latencyMs: BASE_MS * bubble, tokensPerSecond: 80 / bubble, gpuUtilisation: 0.7 };
  },
  data: ({ data }) => ({ latencyMs: BASE_MS, tokensPerSecond: 95 * data, gpuUtilisation: 0.85 }),
  expert: () => ({ latencyMs: BASE_MS * 1.05, tokensPerSecond: 120, gpuUtilisation: 0.75 }),
  hybrid({ tensor, pipeline, data }) {
    const overhead = tensorOverhead(tensor) * pipelineBubble(pipeline);
    return {
      latencyMs: BASE_MS * overhead,
      tokensPerSecond: (90 * data) / overhead,
      gpuUtilisation: 0.8,
    };
  },
};

/** The largest sizes up to the given ones that the model can be spread over. */
function boundedBy({ attentionHeads, layers, experts }: ModelShape, wanted: ParallelSizes): ParallelSizes {
  let { tensor } = wanted;
  if (attentionHeads !== undefined) while (attentionHeads % tensor !== 0) tensor--;
  return {
    tensor,
    pipeline: Math.min(wanted.pipeline, layers ?? wanted.pipeline),
    data: wanted.data,
    expert: Math.min(wanted.expert, experts ?? wanted.expert),
  };
}

function gpusOf({ tensor, pipeline, data, expert }: ParallelSizes): number {
  return tensor * pipeline * data * expert;
}
