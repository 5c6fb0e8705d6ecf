/** Files and batches of OpenAI's batch API as data. */

/** In the order of a batch's life; the last four are final. */
export const BATCH_STATES = [
  'validating',
  'in_progress',
  'finalizing',
  'cancelling',
  'completed',
  'failed',
  'expired',
  'cancelled',
] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export const UNFINISHED_BATCH_STATES = ['validating', 'in_progress', 'finalizing', 'cancelling'] as const;

export interface StoredFile {
  readonly id: string;
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
  readonly createdMs: number;
  readonly expiresMs?: number;
  /** Whose it is: nobody else sees it. */
  readonly tenant?: string;
}

/** What is wrong with a line of a batch's input. */
export interface LineMistake {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** From 1; null where the file as a whole is meant. */
  readonly line: number | null;
}

export interface Batch {
  readonly id: string;
  readonly tenant?: string;
  readonly endpoint: string;
  readonly inputFileId: string;
  /** The models that its owner's key may use, under the names that callers use; absent: all. */
  readonly allowedModels?: readonly string[];
  readonly completionWindow: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly state: BatchState;
  readonly createdMs: number;
  /** When what has not ended by then is given up. */
  readonly expiresMs: number;
  /** When it came into a state, for those it was in. */
  readonly reachedMs: Readonly<Partial<Record<BatchState, number>>>;
  readonly total: number;
  /** Lines of the input that are in the queue. */
  readonly submitted: number;
  readonly mistakes?: readonly LineMistake[];
  readonly outputFileId?: string;
  readonly errorFileId?: string;
  /** Filled in when it has ended; until then the queue is asked. */
  readonly counts?: BatchCounts;
}

export interface BatchCounts {
  readonly completed: number;
  readonly failed: number;
}

export function isBatchOver(state: BatchState): boolean {
  return !(UNFINISHED_BATCH_STATES as readonly BatchState[]).includes(state);
}
