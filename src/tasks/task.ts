/** A task as data: what was submitted, how far it is, and what came of it. */

import type { RequestPriority } from '../domain/index.ts';
import type { TraceHeaders } from '../telemetry/tracing/trace-context.ts';

/**
 * `queued`: stored, nobody works on it. `scheduled`: an instance has it. The other three are final.
 * An existing client of the queue knows `queued`, `scheduled` and `completed`.
 */
export const TASK_STATES = ['queued', 'scheduled', 'completed', 'failed', 'cancelled'] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const FINAL_TASK_STATES = ['completed', 'failed', 'cancelled'] as const;
export type FinalTaskState = (typeof FINAL_TASK_STATES)[number];

export function isFinal(state: TaskState): state is FinalTaskState {
  return (FINAL_TASK_STATES as readonly TaskState[]).includes(state);
}

export type JsonObject = { readonly [key: string]: unknown };

/** How long a task should take on one instance, milliseconds. */
export interface TaskPrediction {
  readonly expectedMs: number;
  /** Standard deviation. */
  readonly errorMs: number;
  /** Absent where the predictor gives none. */
  readonly quantiles?: QuantileTable;
}

/** A distribution by some of its quantiles; between them its quantile function is linear. */
export interface QuantileTable {
  /** In (0, 1), strictly rising. */
  readonly levels: readonly number[];
  /** The value at each level, never falling; milliseconds. */
  readonly values: readonly number[];
}

/** What a caller submits, checked and with every default filled in. */
export interface TaskSubmission {
  /** A UUID in lower case with hyphens: the task's identity. */
  readonly id: string;
  /** The id as the caller wrote it, which is how they are answered; absent when we chose it. */
  readonly givenId?: string;
  /** The same key and body give the same task; the same key with another body is refused. */
  readonly idempotencyKey?: string;
  /** Digest of everything that makes two submissions the same; compared when an id or key comes again. */
  readonly fingerprint: string;
  readonly model: string;
  readonly input: JsonObject;
  readonly metadata: JsonObject;
  /** Path on an OpenAI-compatible engine, such as `/v1/chat/completions`. */
  readonly endpoint?: string;
  readonly priority: RequestPriority;
  readonly tenant?: string;
  /** Epoch milliseconds before which it does not start. */
  readonly notBeforeMs?: number;
  /** Epoch milliseconds after which a result is of no use: a task that has not ended then fails. */
  readonly deadlineMs?: number;
  /** How often it is tried again after a failure that may pass. */
  readonly maxRetries: number;
  /** How long one try may take, milliseconds. */
  readonly timeoutMs: number;
  /** How long the result is kept after the end, milliseconds. */
  readonly keepResultMs: number;
  readonly webhook?: TaskWebhook;
  /** The batch it belongs to, where it came through `/v1/batches`. */
  readonly batchId?: string;
  /** The caller's own name for it within the batch. */
  readonly customId?: string;
  /** The instance planned at submission; another one may get it. */
  readonly plannedInstance?: string;
  readonly prediction?: TaskPrediction;
  readonly submittedMs: number;
  /** The span under which it was submitted, for its own. */
  readonly trace?: TraceHeaders;
}

export interface TaskWebhook {
  readonly url: string;
}

export interface TaskFailure {
  /** Stable code: one of `TASK_FAILURE_CODES`. */
  readonly code: TaskFailureCode;
  readonly message: string;
}

/** Why a task failed for good. */
export const TASK_FAILURE_CODES = [
  /** The engine or instance refused it (a 4xx that trying again does not change). */
  'rejected',
  /** Every try failed. */
  'retries_exhausted',
  /** Its deadline passed. */
  'deadline_exceeded',
  /** The task instance reported a failure. */
  'task_failed',
  /** The result is larger than may be stored. */
  'result_too_large',
] as const;
export type TaskFailureCode = (typeof TASK_FAILURE_CODES)[number];

/** A task as it is stored. */
export interface Task extends TaskSubmission {
  readonly state: TaskState;
  /** Tries begun so far; the number of the current one while it is `scheduled`. */
  readonly attempt: number;
  /** The instance that has it, or had it last. */
  readonly instance?: string;
  /** When it last went back into the queue; absent before that. */
  readonly queuedMs?: number;
  readonly scheduledMs?: number;
  readonly endedMs?: number;
  /** What the instance says it took, milliseconds. */
  readonly executionMs?: number;
  /** Only a `completed` task has one; gone once it expired. */
  readonly result?: unknown;
  /** UUIDs of the instances that failed it, the last failure last. */
  readonly failedAt?: readonly string[];
  /** Why the last try failed; on a `failed` task, why it failed for good. */
  readonly failure?: TaskFailure;
}

/** One line of a listing: everything but what may be large. */
export type TaskSummary = Omit<Task, 'input' | 'result' | 'metadata'>;
