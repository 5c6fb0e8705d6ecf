/** What the model needs to know of one LLM on one set of accelerators: step-time constants and capacities. */

export interface EngineProfile {
  /** `model@hardware`, as in `llama-3-8b@h100`. */
  readonly name: string;
  readonly model: string;
  readonly gpuType: string;
  readonly gpuCount: number;
  /** Scheduler, sampling, kernel launches and, across GPUs, the latency of small all-reduces: paid by every step. */
  readonly fixedMs: number;
  /** Time to read the weights once: the floor of a step with few tokens. */
  readonly weightReadMs: number;
  /** Linear layers, per token in the step. */
  readonly linearMsPerToken: number;
  /** Prefill attention, per (query, key) pair. */
  readonly prefillMsPerPair: number;
  /** Decode attention, per token of KV cache read. */
  readonly decodeMsPerKvToken: number;
  /** Host work per request in the step. */
  readonly perRequestMs: number;
  readonly kvCacheTokens: number;
  /** The longest sequence, prompt and answer together. */
  readonly maxModelTokens: number;
  /** Token budget of one step (vLLM's `max_num_batched_tokens`). */
  readonly maxBatchedTokens: number;
  /** Most requests in the running batch (vLLM's `max_num_seqs`). */
  readonly maxSequences: number;
  /** Where each figure comes from. */
  readonly sources: readonly string[];
}
