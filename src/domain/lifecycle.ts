/** What policies, predictors and collectors may hear of a request's life and of the fleet. */

import type { ExecutionInstance } from './instance.ts';
import type { InstanceReport } from './report.ts';
import type { RequestMetadata } from './request.ts';

/** How a request went that completed. */
export interface CompletionFacts {
  /** Milliseconds from arrival to completion. */
  readonly latencyMs: number;
  /** Milliseconds in our queue, all attempts together. */
  readonly queueMs: number;
  /** Milliseconds from dispatch to the first token, where one was seen. */
  readonly ttftMs?: number;
  /** Milliseconds per output token after the first. */
  readonly tpotMs?: number;
  /** As the engine counted them, or as chunks were counted. */
  readonly outputTokens?: number;
  readonly promptTokens?: number;
  /** Prompt tokens that the engine took from its prefix cache. */
  readonly cachedTokens?: number;
}

/**
 * Why a request is no longer where it was: `failed` and `rejected` (turned away before an instance had it) end it, `cancelled`
 * is its caller's doing; after `retried` (the instance failed) and `pushed-back` (the engine was full) it waits again.
 */
export const FAILURE_KINDS = ['failed', 'retried', 'pushed-back', 'cancelled', 'rejected'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** Every hook is optional and called in the order of events, with frozen facts. A hook must not throw. */
export interface LifecycleListener {
  onRequestDispatched?(request: RequestMetadata, instance: ExecutionInstance, nowMs: number): void;
  /** `ttftMs` counts from the dispatch. */
  onFirstToken?(request: RequestMetadata, instance: ExecutionInstance, ttftMs: number, nowMs: number): void;
  onRequestCompleted?(
    request: RequestMetadata,
    facts: CompletionFacts,
    instance: ExecutionInstance,
    nowMs: number,
  ): void;
  /** It failed on `instance`, or (without one) was turned away or left while it waited. */
  onRequestFailed?(
    request: RequestMetadata,
    instance: ExecutionInstance | undefined,
    nowMs: number,
    kind: FailureKind,
  ): void;
  onInstanceRegistered?(instance: ExecutionInstance): void;
  onInstanceRemoved?(instanceId: string): void;
  /** It stopped answering, by its health check or its failures; what it held in memory may be gone. */
  onInstanceEjected?(instanceId: string): void;
  onInstanceReported?(report: InstanceReport): void;
  /**
   * The decisions that followed from an event were delivered: the moment for work that no decision need wait for. It comes
   * before the next event. A listener that put something off either does it when it is asked before, as the prefix index, or
   * lets it count only from here on, as predictors what they learn.
   */
  onSettled?(): void;
}
