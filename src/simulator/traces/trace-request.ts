/** One request of a recorded workload: when it came and how long it was, never what it said. */

export interface TraceRequest {
  /** Milliseconds after the trace's first request; may have a fraction. */
  readonly arrivalMs: number;
  /** At least 1. */
  readonly promptTokens: number;
  /** At least 1. */
  readonly outputTokens: number;
  /** One id per block of `blockTokens` prompt tokens, chained: an equal id means an equal prompt up to there. */
  readonly prefixHashIds?: readonly number[];
  /** Present exactly when `prefixHashIds` is. */
  readonly blockTokens?: number;
  /** Whose request it was, where the trace says so. */
  readonly tenant?: string;
  /** The model the request was recorded with, where the trace says so. */
  readonly model?: string;
  /** The line of the file that it stands on, counted from 1. */
  readonly line: number;
}
