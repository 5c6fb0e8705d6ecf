/** What the engine model says happened, and what it says of itself. */

/** `atMs` is exact: the end (or start) of the engine step in which it happened. */
export type EngineModelEvent =
  | { readonly type: 'rejected'; readonly id: string; readonly atMs: number; readonly reason: RejectReason }
  | { readonly type: 'admitted'; readonly id: string; readonly atMs: number; readonly cachedTokens: number }
  | { readonly type: 'preempted'; readonly id: string; readonly atMs: number }
  | { readonly type: 'first-token'; readonly id: string; readonly atMs: number }
  /** One token each for all of `ids`; only where the model was told to report every token. */
  | { readonly type: 'tokens'; readonly ids: readonly string[]; readonly atMs: number }
  | { readonly type: 'finished'; readonly id: string; readonly atMs: number };

/** Why a request can never run here: longer than the model's context, or than the whole KV cache. */
export type RejectReason = 'context_length_exceeded' | 'kv_cache_too_small';

export interface EngineModelGauges {
  readonly waitingRequests: number;
  readonly runningRequests: number;
  readonly usedBlocks: number;
  readonly totalBlocks: number;
  /** `usedBlocks / totalBlocks` */
  readonly kvCacheUsage: number;
  readonly kvCacheTokens: number;
  /** Prompt tokens of admitted requests, and those of them found in the cache. */
  readonly prefixCacheQueriesTokens: number;
  readonly prefixCacheHitsTokens: number;
  readonly promptTokensTotal: number;
  readonly generationTokensTotal: number;
  readonly requestsFinishedTotal: number;
  readonly preemptionsTotal: number;
  /** Tokens that went through the model, those computed again after a preemption included. */
  readonly computedTokensTotal: number;
  /** Tokens whose KV was thrown away by preemptions and not found in the cache again. */
  readonly lostTokensTotal: number;
  readonly stepsTotal: number;
}
