/** What goes into the scheduler, and what comes out of it. */

import type { FleetEvent, RequestMetadata, SchedulingDecision } from '../domain/index.ts';

/** Tokens of a completed request, as far as they are known. */
export interface TokenUsage {
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
}

/** How a dispatched request failed on its instance. */
export interface DispatchFailure {
  readonly type: 'request-failed';
  readonly requestId: string;
  /** Whether it may be tried on another instance; `false` ends it. */
  readonly mayRetry: boolean;
  /** Whether it counts against the instance's health (a caller's own mistake does not). */
  readonly isInstanceFault: boolean;
}

export type SchedulerEvent =
  | FleetEvent
  | { readonly type: 'request-arrived'; readonly request: RequestMetadata }
  | { readonly type: 'request-first-token'; readonly requestId: string }
  | { readonly type: 'request-completed'; readonly requestId: string; readonly usage?: TokenUsage }
  | DispatchFailure
  /** The engine said it is full (429): the request waits again, the instance rests, nobody is at fault. */
  | { readonly type: 'request-pushed-back'; readonly requestId: string; readonly retryAfterMs: number }
  | { readonly type: 'request-cancelled'; readonly requestId: string }
  | { readonly type: 'time-passed' };

/** Why a request was turned away. */
export const REJECTION_REASONS = [
  /** The queue is full and nothing in it is of a lower class. */
  'queue-full',
  /** It waited, and made room for a request of a higher class. */
  'shed',
  /** It may be shed, and no instance could serve it in time. */
  'infeasible',
  /** It may be shed, and the instances have had more to do than they can for a while. */
  'overloaded',
  /** Its deadline passed while it waited. */
  'deadline',
  /** No instance of its model came back in time. */
  'no-instance',
  /** Every instance that could serve it has already failed it, or the retry budget is spent. */
  'retries-exhausted',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

export interface Rejection {
  readonly type: 'reject';
  readonly requestId: string;
  readonly reason: RejectionReason;
  readonly message: string;
  /** When trying again makes sense, from the current drain rate. */
  readonly retryAfterMs: number;
}

export interface Dispatch {
  readonly type: 'dispatch';
  readonly request: RequestMetadata;
  readonly decision: SchedulingDecision;
}

export type SchedulerEffect = Dispatch | Rejection;
