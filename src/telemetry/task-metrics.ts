/** Counts what happens to tasks. */

import type { BoundedLabels } from './bounded-labels.ts';
import type { MetricStore } from './metric-store.ts';

export interface TaskMetrics {
  onSubmitted(model: string, count: number): void;
  onPlaced(model: string, waitedMs: number): void;
  onRetried(model: string): void;
  onEnded(model: string, outcome: string, facts: { readonly runMs?: number; readonly code?: string }): void;
  /** How many tasks are in each state now. */
  onCounts(counts: Readonly<Record<string, number>>): void;
  onScores(
    scores: readonly { readonly source: string; readonly mape: number; readonly withinP80: number }[],
  ): void;
  onWebhook(outcome: string): void;
  onStoreCall(operation: string, tookMs: number, isFailed: boolean): void;
}

/** @param models the labels; a task may name a model that nobody serves yet, so that its own name would be anybody's invention */
export function createTaskMetrics(store: MetricStore, models: BoundedLabels): TaskMetrics {
  return {
    onSubmitted(model, count) {
      store.number('signalbox_tasks_submitted_total').cell(models.labelFor(model)).value += count;
    },
    onPlaced(model, waitedMs) {
      store
        .histogram('signalbox_task_queue_time_seconds')
        .cell(models.labelFor(model))
        .observe(waitedMs / 1000);
    },
    onRetried(model) {
      store.number('signalbox_task_retries_total').cell(models.labelFor(model)).value += 1;
    },
    onEnded(model, outcome, { runMs, code }) {
      const label = models.labelFor(model);
      store.number('signalbox_tasks_ended_total').cell(label, outcome).value += 1;
      if (code !== undefined) store.number('signalbox_task_failures_total').cell(label, code).value += 1;
      if (outcome === 'completed' && runMs !== undefined) {
        store
          .histogram('signalbox_task_run_time_seconds')
          .cell(label)
          .observe(runMs / 1000);
      }
    },
    onCounts(counts) {
      for (const [state, count] of Object.entries(counts)) {
        store.number('signalbox_tasks').cell(state).value = count;
      }
    },
    onScores(scores) {
      for (const { source, mape, withinP80 } of scores) {
        store.number('signalbox_task_prediction_error_ratio').cell(source).value = mape;
        store.number('signalbox_task_prediction_within_p80_ratio').cell(source).value = withinP80;
      }
    },
    onWebhook(outcome) {
      store.number('signalbox_task_webhooks_total').cell(outcome).value += 1;
    },
    onStoreCall(operation, tookMs, isFailed) {
      store
        .histogram('signalbox_task_store_call_seconds')
        .cell(operation)
        .observe(tookMs / 1000);
      if (isFailed) store.number('signalbox_task_store_errors_total').cell(operation).value += 1;
    },
  };
}
