/** What all profiles share: the engine's defaults and the measurements that every row of the table leans on. */

/** vLLM V1's defaults, and BLIS' fitted host time per request and step. */
export const ENGINE_DEFAULTS = {
  /** 4.4 µs, from inference-sim `defaults.yaml` @ f90a1e3a (fit over 15 H100 runs). */
  perRequestMs: 0.0044,
  maxBatchedTokens: 2048,
  maxSequences: 256,
  /** Llama 3.1's context, the variant that the measurements were taken with. */
  maxModelTokens: 131_072,
} as const;

/** How the constants follow from measurements; expected error ±10-15 % on step times, ±25 % on KV capacity. */
export const METHOD = [
  'step formula: fixed + sqrt(weightRead² + (linear·tokens)²) + prefill·pairs + decode·kv + perRequest·requests; within 8 % of the H100 kernel tables for 1 to 2048 tokens',
  'prefill attention: 4·layers·heads·headDim FLOP per pair at about 500 TFLOP/s (H100) or 190 TFLOP/s (A100)',
  'decode attention: KV bytes per token over 70 % of the peak memory bandwidth',
  'KV tokens: (0.9·memory·GPUs − weights − activations) / bytes per token; 128 KiB (8B), 320 KiB (70B)',
] as const;

export const LLMSERVINGSIM_H100 =
  'linear layers: casys-kaist/LLMServingSim profiler/v0/perf_models/H100 (sum of non-attention kernels × layers)';
export const VIDUR_A100 = 'linear layers: microsoft/vidur data/profiling/compute/a100';
export const VIDUR_ALL_REDUCE =
  'all-reduce: microsoft/vidur data/profiling/network/h100_dgx/all_reduce.csv (160 per step of a 70B model)';
