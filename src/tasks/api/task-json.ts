/** Tasks as the API shows them. Times of the existing scheduler are seconds with fractions; whatever is ours carries its unit. */

import type { Task, TaskSummary } from '../task.ts';

const seconds = (epochMs: number): number => epochMs / 1000;

/** The id as its owner wrote it. */
export const shownId = ({ id, givenId }: Pick<Task, 'id' | 'givenId'>): string => givenId ?? id;

const instanceOf = ({ instance, plannedInstance }: TaskSummary): string => instance ?? plannedInstance ?? '';

/** A failed task has its failure where a client that knows no `failed` looks for what came of it. */
function resultOf(task: Task): unknown {
  if (task.state === 'completed') return task.result ?? null;
  if (task.state === 'failed' && task.failure !== undefined) return { error: task.failure };
  return null;
}

/** `GET /task/query`. */
export function queryView(task: Task) {
  return {
    task_id: shownId(task),
    task_status: task.state,
    scheduled_ti: instanceOf(task),
    submit_time: seconds(task.submittedMs),
    result: resultOf(task),
  };
}

/** A line of `GET /task/all_tasks`. */
export function recordView(task: Task) {
  const { result, ...rest } = queryView(task);
  return {
    ...rest,
    model_name: task.model,
    result,
    completion_time: task.endedMs === undefined ? null : seconds(task.endedMs),
  };
}

/** Everything known, for `details=true`. */
export function detailedView(task: Task) {
  return {
    ...recordView(task),
    task_input: task.input,
    metadata: task.metadata,
    ...summaryFields(task),
  };
}

/** A task without what may be large, as events carry it. */
export function summaryView(task: TaskSummary) {
  return {
    task_id: shownId(task),
    task_status: task.state,
    scheduled_ti: instanceOf(task),
    submit_time: seconds(task.submittedMs),
    model_name: task.model,
    completion_time: task.endedMs === undefined ? null : seconds(task.endedMs),
    ...summaryFields(task),
  };
}

function summaryFields(task: TaskSummary) {
  return {
    priority: task.priority,
    attempt: task.attempt,
    max_retries: task.maxRetries,
    timeout_ms: task.timeoutMs,
    keep_result_ms: task.keepResultMs,
    ...given('endpoint', task.endpoint),
    ...given('tenant', task.tenant),
    ...given('idempotency_key', task.idempotencyKey),
    ...given('not_before_ms', task.notBeforeMs),
    ...given('deadline_ms', task.deadlineMs),
    ...given('scheduled_ms', task.scheduledMs),
    ...given('execution_ms', task.executionMs),
    ...given('expected_ms', task.prediction?.expectedMs),
    ...given('expected_error_ms', task.prediction?.errorMs),
    ...given('batch_id', task.batchId),
    ...given('error', task.failure),
  };
}

function given<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V });
}
