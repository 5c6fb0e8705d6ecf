/** `/v1/batches`: many requests from a file, answered into a file. */

import { type Clock, SignalboxError } from '../../domain/index.ts';
import { type Batch, type BatchCounts, isBatchOver } from './batch.ts';
import type { BatchStore } from './batch-store.ts';
import { type BatchAnswer, type BatchCall, json } from './call.ts';
import { ownFile } from './file-calls.ts';
import { newBatchId } from './ids.ts';
import { BATCH_ENDPOINTS } from './lines.ts';
import { batchView, listView } from './openai-json.ts';
import { invalid, jsonBody, listWish, metadataField, textField, windowMs } from './parameters.ts';

export interface BatchParts {
  readonly store: BatchStore;
  readonly clock: Clock;
  /** Called after a batch was created or is to be cancelled. */
  wake(): void;
}

export async function createBatch(parts: BatchParts, call: BatchCall): Promise<BatchAnswer> {
  const { store, clock } = parts;
  const body = jsonBody(call);
  const inputFileId = textField(body, 'input_file_id');
  const endpoint = textField(body, 'endpoint');
  const completionWindow = textField(body, 'completion_window');
  if (!(BATCH_ENDPOINTS as readonly string[]).includes(endpoint)) {
    throw invalid('endpoint', endpoint, BATCH_ENDPOINTS.join(', '));
  }
  const expiresMs = clock.now() + windowMs(completionWindow);
  const metadata = metadataField(body.metadata);
  const file = await ownFile(store, inputFileId, call.tenant);
  if (file.purpose !== 'batch') {
    throw invalid('input_file_id', file.purpose, 'a file that was uploaded with the purpose "batch"');
  }
  const batch: Batch = {
    id: newBatchId(),
    endpoint,
    inputFileId,
    completionWindow,
    metadata,
    state: 'validating',
    createdMs: clock.now(),
    expiresMs,
    reachedMs: {},
    total: 0,
    submitted: 0,
    ...(call.tenant !== undefined && { tenant: call.tenant }),
    ...(call.models !== undefined && { allowedModels: [...call.models] }),
  };
  await store.createBatch(batch);
  parts.wake();
  return json(batchView(batch, NO_COUNTS));
}

const NO_COUNTS: BatchCounts = { completed: 0, failed: 0 };

/** Of a batch that goes on, the queue is asked. */
async function viewOf({ store }: BatchParts, batch: Batch) {
  if (batch.counts !== undefined || batch.total === 0) return batchView(batch, batch.counts ?? NO_COUNTS);
  const { completed, failed } = await store.batchCounts(batch.id);
  return batchView(batch, { completed, failed });
}

async function ownBatch({ store }: BatchParts, id: string, tenant: string | undefined): Promise<Batch> {
  const batch = await store.batch(id);
  if (batch !== undefined && (tenant === undefined || batch.tenant === tenant)) return batch;
  throw new SignalboxError('not_found', `No batch found with id '${id}'.`, { param: 'id' });
}

export async function getBatch(parts: BatchParts, { tenant }: BatchCall, id: string): Promise<BatchAnswer> {
  return json(await viewOf(parts, await ownBatch(parts, id, tenant)));
}

export async function listBatches(parts: BatchParts, call: BatchCall): Promise<BatchAnswer> {
  const wish = listWish(call);
  const batches = await parts.store.batches(wish);
  const views = await Promise.all(batches.slice(0, wish.wanted).map((batch) => viewOf(parts, batch)));
  return json(listView(views, batches.length > wish.wanted));
}

/** What completed before stays in the output file. */
export async function cancelBatch(
  parts: BatchParts,
  { tenant }: BatchCall,
  id: string,
): Promise<BatchAnswer> {
  for (;;) {
    const batch = await ownBatch(parts, id, tenant);
    if (batch.state === 'cancelling' || batch.state === 'cancelled') return json(await viewOf(parts, batch));
    if (isBatchOver(batch.state) || batch.state === 'finalizing') {
      throw new SignalboxError('conflict', `Cannot cancel a batch with status '${batch.state}'.`);
    }
    const reachedMs = { ...batch.reachedMs, cancelling: parts.clock.now() };
    const cancelling: Batch = { ...batch, state: 'cancelling', reachedMs };
    if (!(await parts.store.replaceBatch(cancelling, batch.state))) continue;
    parts.wake();
    return json(await viewOf(parts, cancelling));
  }
}
