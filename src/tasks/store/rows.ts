/** Rows of the tables as the words of the task queue, and back. */

import { priorityRank, REQUEST_PRIORITIES } from '../../domain/index.ts';
import type { JsonObject, Task, TaskFailure, TaskState, TaskSubmission, TaskSummary } from '../task.ts';

export interface SummaryRow {
  readonly id: string;
  readonly seq: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly attempt: number;
  /** Retries used up so far; returns do not count. */
  readonly retries: number;
  readonly max_retries: number;
  readonly model: string;
  readonly fingerprint: string;
  readonly given_id: string | null;
  readonly idempotency_key: string | null;
  readonly endpoint: string | null;
  readonly tenant: string | null;
  readonly batch_id: string | null;
  readonly custom_id: string | null;
  readonly planned_instance: string | null;
  readonly instance: string | null;
  readonly not_before_ms: number | null;
  readonly deadline_ms: number | null;
  readonly timeout_ms: number;
  readonly keep_result_ms: number;
  readonly submitted_ms: number;
  readonly scheduled_ms: number | null;
  readonly ended_ms: number | null;
  readonly execution_ms: number | null;
  readonly expected_ms: number | null;
  readonly error_ms: number | null;
  readonly quantiles: string | null;
  readonly webhook_url: string | null;
  readonly failure: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  readonly queued_ms: number | null;
  readonly failed_at: string | null;
}

export interface TaskRow extends SummaryRow {
  readonly input: string;
  readonly metadata: string;
  readonly result?: string | null;
}

export function toSummary(row: SummaryRow): TaskSummary {
  return {
    id: row.id,
    fingerprint: row.fingerprint,
    model: row.model,
    priority: REQUEST_PRIORITIES[row.priority] ?? 'NORMAL',
    maxRetries: row.max_retries,
    timeoutMs: row.timeout_ms,
    keepResultMs: row.keep_result_ms,
    submittedMs: row.submitted_ms,
    state: row.state,
    attempt: row.attempt,
    ...(row.given_id !== null && { givenId: row.given_id }),
    ...(row.idempotency_key !== null && { idempotencyKey: row.idempotency_key }),
    ...(row.endpoint !== null && { endpoint: row.endpoint }),
    ...(row.tenant !== null && { tenant: row.tenant }),
    ...(row.not_before_ms !== null && { notBeforeMs: row.not_before_ms }),
    ...(row.deadline_ms !== null && { deadlineMs: row.deadline_ms }),
    ...(row.webhook_url !== null && { webhook: { url: row.webhook_url } }),
    ...(row.batch_id !== null && { batchId: row.batch_id }),
    ...(row.custom_id !== null && { customId: row.custom_id }),
    ...(row.planned_instance !== null && { plannedInstance: row.planned_instance }),
    ...(row.expected_ms !== null && {
      prediction: {
        expectedMs: row.expected_ms,
        errorMs: row.error_ms ?? 0,
        ...(row.quantiles !== null && { quantiles: JSON.parse(row.quantiles) }),
      },
    }),
    ...(row.instance !== null && { instance: row.instance }),
    ...(row.traceparent !== null && {
      trace: { traceparent: row.traceparent, ...(row.tracestate !== null && { tracestate: row.tracestate }) },
    }),
    ...(row.failed_at !== null && { failedAt: row.failed_at.split(' ') }),
    ...(row.queued_ms !== null && { queuedMs: row.queued_ms }),
    ...(row.scheduled_ms !== null && { scheduledMs: row.scheduled_ms }),
    ...(row.ended_ms !== null && { endedMs: row.ended_ms }),
    ...(row.execution_ms !== null && { executionMs: row.execution_ms }),
    ...(row.failure !== null && { failure: JSON.parse(row.failure) as TaskFailure }),
  };
}

export function toTask(row: TaskRow): Task {
  return {
    ...toSummary(row),
    input: JSON.parse(row.input) as JsonObject,
    metadata: JSON.parse(row.metadata) as JsonObject,
    ...(typeof row.result === 'string' && { result: JSON.parse(row.result) as unknown }),
  };
}

/** `n`: its place among those stored with it. */
export function toRow(task: TaskSubmission, n: number): JsonObject {
  return {
    n,
    id: task.id,
    priority: priorityRank(task.priority),
    max_retries: task.maxRetries,
    model: task.model,
    fingerprint: task.fingerprint,
    given_id: task.givenId,
    idempotency_key: task.idempotencyKey,
    endpoint: task.endpoint,
    tenant: task.tenant,
    batch_id: task.batchId,
    custom_id: task.customId,
    planned_instance: task.plannedInstance,
    not_before_ms: task.notBeforeMs,
    deadline_ms: task.deadlineMs,
    timeout_ms: task.timeoutMs,
    keep_result_ms: task.keepResultMs,
    submitted_ms: task.submittedMs,
    ...predictionColumns(task.prediction),
    webhook_url: task.webhook?.url,
    traceparent: task.trace?.traceparent,
    tracestate: task.trace?.tracestate,
    input: JSON.stringify(task.input),
    metadata: JSON.stringify(task.metadata),
  };
}

export function predictionColumns(prediction: TaskSubmission['prediction']): JsonObject {
  return {
    expected_ms: prediction?.expectedMs,
    error_ms: prediction?.errorMs,
    quantiles: prediction?.quantiles && JSON.stringify(prediction.quantiles),
  };
}
