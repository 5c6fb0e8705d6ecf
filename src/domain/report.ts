/** What an engine said of itself, and when. */

/** One reading of an engine's metrics. A field the engine does not expose is absent, never guessed. */
export interface InstanceReport {
  readonly instanceId: string;
  /** Epoch milliseconds at which the reading was taken. */
  readonly atMs: number;
  /** Requests in the engine's own queue. */
  readonly waitingRequests?: number;
  /** Requests in the engine's running batch. */
  readonly runningRequests?: number;
  /** Share of the KV cache in use, 0 to 1. */
  readonly kvCacheUsage?: number;
  /** Tokens the KV cache holds in all. */
  readonly kvCacheTokens?: number;
  /** Names of the LoRA adapters now loaded. */
  readonly loadedAdapters?: readonly string[];
  /** Shares of prompt tokens answered from the prefix cache, 0 to 1. */
  readonly prefixCacheHitRate?: number;
}
