/** What the task queue tells of itself: to metrics and log. Nothing of it may throw. */

import type { StoreCallListener } from './measured-store.ts';
import type { PredictionScore } from './predictions/index.ts';
import type { TaskFailureCode, TaskState } from './task.ts';

export interface TaskTelemetry {
  onSubmitted(model: string, count: number): void;
  /** `waitedMs` since it was submitted, or since it was due. */
  onPlaced(model: string, waitedMs: number): void;
  onRetried(model: string): void;
  onEnded(
    model: string,
    outcome: TaskState,
    facts: { readonly runMs?: number; readonly code?: TaskFailureCode },
  ): void;
  onCounts(counts: Readonly<Record<TaskState, number>>): void;
  onScores(scores: readonly PredictionScore[]): void;
  onWebhook(outcome: 'delivered' | 'retried' | 'given_up'): void;
  readonly onStoreCall: StoreCallListener;
}

export interface TaskLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const nothing = (): void => undefined;

export const NO_TELEMETRY: TaskTelemetry = {
  onSubmitted: nothing,
  onPlaced: nothing,
  onRetried: nothing,
  onEnded: nothing,
  onCounts: nothing,
  onScores: nothing,
  onWebhook: nothing,
  onStoreCall: nothing,
};

export const NO_LOG: TaskLog = { info: nothing, warn: nothing, error: nothing };
