/** What differs between the engines whose API we can show: metric names, identity endpoints, shapes of errors. */

import type { EngineGauges, TokenEngine } from '../token-engine.ts';

export const DIALECT_NAMES = ['vllm', 'sglang', 'llamacpp'] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** What a dialect's endpoints may tell of the engine behind them. */
export interface ServedEngine {
  readonly engine: TokenEngine;
  /** Parallel sequences, which llama.cpp calls slots. */
  readonly slots: number;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
}

export interface ApiError {
  readonly status: number;
  /** Our stable word for it; an engine that answers with numbers only does not show it. */
  readonly code: string;
  readonly message: string;
  readonly param?: string;
}

/** A JSON endpoint of one engine only. */
export interface IdentityEndpoint {
  readonly path: string;
  readonly answer: (served: ServedEngine) => unknown;
}

export interface Dialect {
  readonly name: DialectName;
  /** How `/v1/models` names the owner. */
  readonly ownedBy: string;
  /** Whether a `max_tokens` beyond the context is cut to fit instead of refused. */
  readonly clampsMaxTokens: boolean;
  /** Body of `GET /health` when all is well; none: an empty body. */
  readonly healthBody?: unknown;
  readonly identity: readonly IdentityEndpoint[];
  metricsPage(gauges: EngineGauges, served: ServedEngine): string;
  errorBody(error: ApiError): unknown;
  /** Answer to an unknown path or a wrong method. */
  unroutedBody(status: 404 | 405): unknown;
  tokenizeBody(tokens: readonly number[], served: ServedEngine): unknown;
}
