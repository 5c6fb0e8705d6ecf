/** What goes into and comes out of the task queue, as the client shows it. Times are milliseconds, instants epoch milliseconds. */

export type TaskState = 'queued' | 'scheduled' | 'completed' | 'failed' | 'cancelled';

export type TaskPriority = 'CRITICAL' | 'HIGH' | 'NORMAL' | 'LOW' | 'BACKGROUND';

/** What one task may say of itself besides its model. */
export interface TaskOptions {
  /** A UUID; the same id with the same content is the same task. Chosen by the client where it is left out. */
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Path on an OpenAI-compatible engine, such as `/v1/chat/completions`. */
  readonly endpoint?: string;
  readonly priority?: TaskPriority;
  readonly tenant?: string;
  readonly notBeforeMs?: number;
  readonly deadlineMs?: number;
  readonly maxRetries?: number;
  readonly timeoutMs?: number;
  readonly keepResultMs?: number;
  /** Called when the task has ended. */
  readonly webhook?: { readonly url: string };
}

export interface TaskInput extends TaskOptions {
  /** For an OpenAI-compatible engine, the body of the request. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface NewTask extends TaskInput {
  readonly model: string;
}

export interface SubmittedTask {
  readonly id: string;
  /** UUID of the instance planned for it; empty while there is none. */
  readonly instance: string;
}

export interface TaskFailure {
  readonly code: string;
  readonly message: string;
}

export interface Task {
  readonly id: string;
  readonly state: TaskState;
  readonly model: string;
  readonly instance: string;
  readonly submittedMs: number;
  readonly endedMs?: number;
  readonly attempt: number;
  readonly priority: TaskPriority;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly input: Readonly<Record<string, unknown>>;
  /** Only of a completed task, and only as long as results are kept. */
  readonly result?: unknown;
  readonly failure?: TaskFailure;
  readonly executionMs?: number;
  readonly expectedMs?: number;
  readonly batchId?: string;
}

export interface TaskEvent {
  readonly id: string;
  readonly state: TaskState;
  readonly model: string;
  readonly instance: string;
  readonly failure?: TaskFailure;
}

export interface TaskFilter {
  readonly state?: TaskState;
  readonly model?: string;
  /** UUID of the instance that has them. */
  readonly instance?: string;
  readonly tenant?: string;
  readonly batchId?: string;
}

export interface InstanceQueue {
  readonly instance: string;
  readonly model: string;
  readonly expectedWaitMs: number;
  /** Standard deviation. */
  readonly waitErrorMs: number;
}

export function hasEnded(state: TaskState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}
