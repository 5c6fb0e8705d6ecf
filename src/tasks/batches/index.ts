/** OpenAI's `/v1/files` and `/v1/batches` on the task queue. */

export { BatchWorker, type BatchWorkerParts } from './batch-worker.ts';
export type { BatchAnswer, BatchCall } from './call.ts';
export { type BatchDoor, type BatchDoorParts, createBatchDoor } from './door.ts';
