/** What the batch API asks of the storage. */

import type { TaskState } from '../task.ts';
import type { Batch, BatchState, StoredFile } from './batch.ts';

/** A page as OpenAI's lists have them. */
export interface ListWish {
  readonly tenant?: string;
  readonly limit: number;
  /** Id of the last one of the page before. */
  readonly after?: string;
  /** By age; `desc`, the newest first, unless said otherwise. */
  readonly order?: 'asc' | 'desc';
  /** Only files of this purpose. */
  readonly purpose?: string;
}

export interface BatchStore {
  /** Stores a file whole, in place of one of the same id. */
  saveFile(file: Omit<StoredFile, 'bytes'>, content: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  file(id: string): Promise<StoredFile | undefined>;
  files(wish: ListWish): Promise<readonly StoredFile[]>;
  /** A piece at a time. */
  readFile(id: string): AsyncIterable<Uint8Array>;
  deleteFile(id: string): Promise<boolean>;
  createBatch(batch: Batch): Promise<void>;
  batch(id: string): Promise<Batch | undefined>;
  batches(wish: ListWish): Promise<readonly Batch[]>;
  unfinishedBatches(): Promise<readonly Batch[]>;
  /** Replaces the batch if it is still in the state `from`; whether it was. */
  replaceBatch(batch: Batch, from: BatchState): Promise<boolean>;
  /** Tasks of the batch by their state. */
  batchCounts(id: string): Promise<Readonly<Record<TaskState, number>>>;
  /** Deletes files past their expiry; gives how many. */
  pruneFiles(nowMs: number): Promise<number>;
}
