/** What is known of one request once it has ended, and who wants to hear of it. */

import type { ErrorCode, RequestKind, RequestPriority } from '../domain/index.ts';

export const REQUEST_OUTCOMES = ['completed', 'failed', 'cancelled', 'shed'] as const;

/** `shed` is turned away by us before any engine saw it; `cancelled` is left by its caller. */
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

export interface RequestRecord {
  readonly requestId: string;
  /** The model that was scheduled, after aliases; empty when the request named none. */
  readonly model: string;
  readonly kind: RequestKind;
  readonly path: string;
  readonly stream: boolean;
  readonly priority: RequestPriority;
  readonly tenant?: string;
  readonly outcome: RequestOutcome;
  /** The HTTP status the caller got. */
  readonly status: number;
  readonly errorCode?: ErrorCode;
  readonly instanceId?: string;
  /** The last decision made for it. */
  readonly decisionId?: string;
  /** Dispatches, the first one included; 0 when it never left the queue. */
  readonly attempts: number;
  readonly arrivalMs: number;
  /** Milliseconds in our queue, all attempts together. */
  readonly queueMs: number;
  /** Milliseconds from arrival to the first byte of the answer's body. */
  readonly ttftMs?: number;
  /** Milliseconds per output token after the first, when the number of tokens is known. */
  readonly tpotMs?: number;
  /** Milliseconds from arrival to the end. */
  readonly e2eMs: number;
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
}

/** Told of every request by the doors. Implementations must not throw. */
export interface RequestObserver {
  onRequestStart(): void;
  onRetry(model: string, instanceId: string, reason: ErrorCode): void;
  onRequestEnd(record: RequestRecord): void;
}
