/** The task API's own names for what the client shows, and the way between the two. */

import type {
  InstanceQueue,
  NewTask,
  Task,
  TaskEvent,
  TaskFailure,
  TaskInput,
  TaskPriority,
  TaskState,
} from './types.ts';

export interface WireTask {
  readonly task_id: string;
  readonly task_status: TaskState;
  readonly scheduled_ti: string;
  readonly submit_time: number;
  readonly model_name: string;
  readonly completion_time: number | null;
  readonly result: unknown;
  readonly task_input: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly priority: TaskPriority;
  readonly attempt: number;
  readonly execution_ms?: number;
  readonly expected_ms?: number;
  readonly batch_id?: string;
  readonly error?: TaskFailure;
}

export type WireEvent = Pick<WireTask, 'task_id' | 'task_status' | 'scheduled_ti' | 'model_name' | 'error'>;

export interface WireQueue {
  readonly model_name: string;
  readonly ti_uuid: string;
  readonly waiting_time_expect: number;
  readonly waiting_time_error: number;
}

/** What is left out stays out: the server's defaults are its own. */
export function toWire({ input, ...options }: TaskInput & { readonly id: string }) {
  return {
    task_id: options.id,
    task_input: input,
    metadata: options.metadata,
    endpoint: options.endpoint,
    priority: options.priority,
    tenant: options.tenant,
    not_before_ms: options.notBeforeMs,
    deadline_ms: options.deadlineMs,
    max_retries: options.maxRetries,
    timeout_ms: options.timeoutMs,
    keep_result_ms: options.keepResultMs,
    webhook: options.webhook,
  };
}

export const submissionToWire = ({ model, ...task }: NewTask & { readonly id: string }) => ({
  model_name: model,
  ...toWire(task),
});

export function toTask(wire: WireTask): Task {
  return {
    id: wire.task_id,
    state: wire.task_status,
    model: wire.model_name,
    instance: wire.scheduled_ti,
    submittedMs: wire.submit_time * 1000,
    attempt: wire.attempt,
    priority: wire.priority,
    metadata: wire.metadata,
    input: wire.task_input,
    ...(wire.completion_time !== null && { endedMs: wire.completion_time * 1000 }),
    ...(wire.task_status === 'completed' && wire.result !== null && { result: wire.result }),
    ...(wire.error !== undefined && { failure: wire.error }),
    ...(wire.execution_ms !== undefined && { executionMs: wire.execution_ms }),
    ...(wire.expected_ms !== undefined && { expectedMs: wire.expected_ms }),
    ...(wire.batch_id !== undefined && { batchId: wire.batch_id }),
  };
}

export function toEvent(wire: WireEvent): TaskEvent {
  return {
    id: wire.task_id,
    state: wire.task_status,
    model: wire.model_name,
    instance: wire.scheduled_ti,
    ...(wire.error !== undefined && { failure: wire.error }),
  };
}

export function toQueue(wire: WireQueue): InstanceQueue {
  return {
    instance: wire.ti_uuid,
    model: wire.model_name,
    expectedWaitMs: wire.waiting_time_expect,
    waitErrorMs: wire.waiting_time_error,
  };
}
