/** OpenAI's batch API on the data listener, over the store of the task queue. */

import type { Clock } from '../../domain/index.ts';
import type { SideDoor } from '../../gateway/index.ts';
import { BatchWorker, createBatchDoor, type OpenTaskStore, type TaskService } from '../../tasks/index.ts';

export interface BatchesOptions {
  readonly service: TaskService;
  readonly clock: Clock;
  /** The largest file that may be uploaded, bytes. */
  readonly maxFileBytes: number;
  /** Opens the store, if that has not happened. */
  openStore(): Promise<void>;
  onError(error: unknown): void;
}

export interface Batches {
  readonly door: SideDoor;
  /** From now on batches go on, also those that an earlier process left. */
  onStoreOpen(store: OpenTaskStore): void;
  close(): Promise<void>;
}

/** What a multipart form adds to its file. */
const FORM_BYTES = 64 * 1024;
/** Files are held in memory while they come. */
const MAX_UPLOADS = 4;

export function createBatches({ service, clock, maxFileBytes, openStore, onError }: BatchesOptions): Batches {
  let store: OpenTaskStore | undefined;
  let worker: BatchWorker | undefined;
  const door = createBatchDoor({
    clock,
    wake: () => worker?.wake(),
    async store() {
      await openStore();
      if (store === undefined) throw new Error('the task store was opened and is not there');
      return store.batches;
    },
  });
  return {
    door: { ...door, maxBodyBytes: maxFileBytes + FORM_BYTES, maxBodiesAtOnce: MAX_UPLOADS },
    onStoreOpen(opened) {
      // One that could not be made use of was closed again.
      void worker?.close();
      store = opened;
      worker = new BatchWorker({ store: opened.batches, service, clock, timers: globalThis, onError });
      worker.start();
    },
    async close() {
      await worker?.close();
    },
  };
}
