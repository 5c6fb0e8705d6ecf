/** What the task queue asks of its storage; PostgreSQL and the embedded PostgreSQL are its implementations, and pass the same suite. */

import type {
  JsonObject,
  Task,
  TaskFailure,
  TaskPrediction,
  TaskState,
  TaskSubmission,
  TaskSummary,
} from '../task.ts';

/** What became of one submission. Whatever is not `conflict` is stored when the call returns. */
export type SubmitOutcome =
  | { readonly type: 'stored'; readonly taskId: string }
  /** Submitted before with the same content: that task. */
  | { readonly type: 'known'; readonly task: TaskSummary }
  /** The id or key belongs to a task with other content. */
  | { readonly type: 'conflict'; readonly taskId: string; readonly field: 'task_id' | 'Idempotency-Key' };

/** A try of a task: ends and reports name it, so that a late one of an earlier try changes nothing. */
export interface TaskAttempt {
  readonly taskId: string;
  readonly attempt: number;
}

export interface Placement extends TaskAttempt {
  readonly instance: string;
  /**
   * `process`: the try lives and dies with the process that holds it (a call to an engine).
   * `instance`: the instance goes on without us and reports when it is done (a task instance).
   */
  readonly runsIn: 'process' | 'instance';
  /** How long it should take there, where that differs from what was predicted at submission. */
  readonly prediction?: TaskPrediction;
}

export type AttemptEnd =
  | { readonly type: 'completed'; readonly result: unknown; readonly executionMs?: number }
  /** Tried again after `retryAfterMs`; `failed` with `retries_exhausted` where no tries are left, which the store counts. */
  | { readonly type: 'retry'; readonly failure: TaskFailure; readonly retryAfterMs: number }
  /** For good. With `deadline_exceeded` also the task that waits in the queue after this try, or before the first (attempt 0). */
  | { readonly type: 'failed'; readonly failure: TaskFailure }
  /** Back into its place in the queue, without using up a retry: nobody is at fault. */
  | { readonly type: 'returned' };

export interface EndedTask {
  readonly taskId: string;
  readonly attempt: number;
  /** The state it is in now; `unchanged` when the try was over before (a duplicate, a late report). */
  readonly outcome: TaskState | 'unchanged';
  readonly task: TaskSummary;
}

export interface TaskFilter {
  readonly state?: TaskState;
  readonly model?: string;
  readonly instance?: string;
  readonly batchId?: string;
  readonly tenant?: string;
}

export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  /** Pass it on to get what follows; absent at the end. */
  readonly nextCursor?: string;
}

/** Something happened to a task, in this process or another one on the same store. */
export interface TaskChange {
  readonly taskId: string;
  readonly model: string;
  readonly state: TaskState;
  readonly atMs: number;
}

/** What each instance still has to do, as stored: the ground from which queue states are rebuilt. */
export interface StoredLoad {
  readonly instance: string;
  readonly model: string;
  readonly tasks: number;
  readonly expectedMs: number;
  /** Sum of squares of the standard deviations. */
  readonly varianceMs2: number;
}

/** What saying "I live" brought to light. */
export interface Heartbeat {
  /** Tries of processes that are dead; they are in the queue again. */
  readonly returned: readonly TaskSummary[];
  /** We were silent for so long that others took over what ran here: whatever still runs here must stop, its end counts no more. */
  readonly isTakenOver: boolean;
}

/** A task instance or engine that registered itself; kept, because it does not register again when we restart. */
export interface StoredInstance {
  readonly uuid: string;
  readonly url: string;
  readonly kind: 'task-instance' | 'engine';
  readonly model: string;
  readonly registeredMs: number;
  readonly facts: JsonObject;
}

export interface PruneLimits {
  /** Final tasks beyond this number go, oldest first. */
  readonly maxFinishedTasks: number;
  /** Final tasks go this long after their end, at the latest. */
  readonly maxFinishedAgeMs: number;
  /** At most so many rows in one statement. */
  readonly batch: number;
}

/** A final task whose webhook has not been told yet. */
export interface PendingWebhook {
  readonly task: TaskSummary;
  readonly url: string;
  /** How often it was tried before. */
  readonly tries: number;
}

/** What came of telling a webhook. */
export type WebhookOutcome =
  /** Told, or given up: it is not tried again. */
  { readonly type: 'done' } | { readonly type: 'again'; readonly afterMs: number };

/** What the store survives, in one plain sentence for the start-up banner. */
export interface Durability {
  readonly level: 'memory' | 'embedded' | 'postgres';
  readonly survives: string;
}

export interface TaskStore {
  readonly durability: Durability;
  /** Stores all of them in one transaction, in order; on an error none is stored. */
  submit(submissions: readonly TaskSubmission[]): Promise<readonly SubmitOutcome[]>;
  /**
   * Takes up to `limit` due tasks of `model` out of the queue, by priority, then age, for this process alone; each counts as a new try
   * (`attempt` is raised) and is `scheduled` on no instance yet. What is neither placed nor ended when this process dies returns to the queue.
   */
  claim(model: string, limit: number): Promise<readonly Task[]>;
  /** Notes where claimed tasks go, before they are sent. Gives the ids that are still ours to send (not cancelled meanwhile). */
  place(placements: readonly Placement[]): Promise<ReadonlySet<string>>;
  /** Ends tries, each once; what had ended before is `unchanged`. Tasks that do not exist (any more) are left out. */
  end(ends: readonly (TaskAttempt & AttemptEnd)[]): Promise<readonly EndedTask[]>;
  /** Ends a task that is not final; gives its state before, or `undefined` for an unknown id. */
  cancel(taskId: string): Promise<TaskSummary | undefined>;
  get(taskId: string): Promise<Task | undefined>;
  /** Those of `taskIds` that exist, in no promised order. */
  getMany(taskIds: readonly string[]): Promise<readonly Task[]>;
  /** Newest first. */
  list(filter: TaskFilter, page: { readonly limit: number; readonly cursor?: string }): Promise<TaskPage>;
  /** Models with tasks that are due now. */
  dueModels(): Promise<readonly string[]>;
  /** Epoch milliseconds at which the next task that waits for its time is due; `undefined` when none does. */
  nextDueMs(): Promise<number | undefined>;
  countByState(): Promise<Readonly<Record<TaskState, number>>>;
  loads(): Promise<readonly StoredLoad[]>;
  /** Tries in the hands of `instance`, oldest first. */
  heldBy(instance: string): Promise<readonly TaskSummary[]>;
  /**
   * Says that this process lives; tries of processes that did not for `heartbeatMs` return to the queue. Call it thrice in that time.
   * A process whose calls fail for longer has to assume that it was taken over.
   */
  heartbeat(): Promise<Heartbeat>;
  /** Tasks whose deadline or try's time limit has passed, not final yet. */
  overdue(limit: number): Promise<readonly TaskSummary[]>;
  /**
   * Webhooks of final tasks that are due, the longest due first. Each is held back for `holdMs`, so that no other process tells it
   * too, and that it is told again if this one dies meanwhile. Counts as a try.
   */
  claimWebhooks(limit: number, holdMs: number): Promise<readonly PendingWebhook[]>;
  webhookTold(taskId: string, outcome: WebhookOutcome): Promise<void>;
  /** Epoch milliseconds at which the next webhook is due, those held back included; `undefined` when none is left. */
  nextWebhookMs(): Promise<number | undefined>;
  /** Deletes what is old; gives how many rows went. Called until it gives 0. */
  prune(limits: PruneLimits): Promise<number>;
  /** Deletes every task, whatever its state. */
  clear(): Promise<number>;
  saveInstance(instance: StoredInstance): Promise<void>;
  deleteInstance(uuid: string): Promise<void>;
  instances(): Promise<readonly StoredInstance[]>;
  setting(key: string): Promise<unknown>;
  setSetting(key: string, value: unknown): Promise<void>;
  /** Told of every change, also of those that other processes made; in no promised order. */
  watch(listener: (change: TaskChange) => void): () => void;
  /** Told when another process changed instances or settings, or may have. */
  watchShared(listener: () => void): () => void;
  /** Returns what this process holds to the queue where nothing runs any more, and lets go of the storage. */
  close(): Promise<void>;
}
