/** What every door of the task queue (REST, WebSocket, batches, command line) calls. */

import type { SubmitOutcome, TaskChange, TaskFilter, TaskPage } from './store/task-store.ts';
import type { QueueState } from './strategies/strategy.ts';
import type { Task, TaskState, TaskSubmission, TaskSummary } from './task.ts';

/** What a door knows of a task before it is stored; the service adds defaults, plan and prediction. */
export type NewTask = Pick<TaskSubmission, 'id' | 'model' | 'input'> & Partial<TaskSubmission>;

export interface Submitted {
  readonly outcome: SubmitOutcome;
  /** The UUID of the instance planned for it; absent when its model has none yet. */
  readonly instance?: string;
}

/** A completion or failure as an instance reports it. */
export interface CompletionReport {
  readonly taskId: string;
  /** `host:port` or UUID of whoever reports. */
  readonly reporter: string;
  readonly executionMs?: number;
  readonly result?: unknown;
  readonly failureMessage?: string;
}

export type CompletionOutcome =
  /** Stored. `totalMs` from submission to now. */
  | { readonly type: 'accepted'; readonly totalMs: number }
  /** The task was over before; nothing changed. */
  | { readonly type: 'already-ended'; readonly task: TaskSummary }
  | { readonly type: 'unknown-task' }
  | { readonly type: 'unknown-instance' }
  /** More than may be stored; the task has failed with that reason. */
  | { readonly type: 'too-large'; readonly bytes: number; readonly maxBytes: number }
  /** Another instance has the task. */
  | { readonly type: 'wrong-instance'; readonly expected: string };

export interface InstanceQueue {
  readonly uuid: string;
  readonly url: string;
  readonly model: string;
  readonly state: QueueState;
  readonly isDraining: boolean;
}

export type PredictMode = 'default' | 'lookup_table';

export interface TaskService {
  /**
   * Stores all of them or, on an error, none; answers in order.
   * @throws SignalboxError `no_instance_available` when a model has no instance and `isWaitingAllowed` is not given
   */
  submit(
    tasks: readonly NewTask[],
    options?: { readonly isWaitingAllowed?: boolean },
  ): Promise<readonly Submitted[]>;
  get(taskId: string): Promise<Task | undefined>;
  /** Those of `taskIds` that exist, in no promised order. */
  getMany(taskIds: readonly string[]): Promise<readonly Task[]>;
  counts(): Promise<Readonly<Record<TaskState, number>>>;
  /** The task once it is final, or as it is after `waitMs`. */
  wait(taskId: string, waitMs: number, signal?: AbortSignal): Promise<Task | undefined>;
  list(filter: TaskFilter, page: { readonly limit: number; readonly cursor?: string }): Promise<TaskPage>;
  cancel(taskId: string): Promise<TaskSummary | undefined>;
  report(report: CompletionReport): Promise<CompletionOutcome>;
  clear(): Promise<number>;
  queues(model?: string): readonly InstanceQueue[];
  strategy(): string;
  /** Those that can be set. */
  strategies(): readonly string[];
  setStrategy(name: string): Promise<void>;
  predictMode(): PredictMode;
  setPredictMode(mode: PredictMode): Promise<void>;
  /** Told of every change of every task, by whichever process. */
  subscribe(listener: (change: TaskChange) => void): () => void;
}
