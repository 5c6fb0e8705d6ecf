/** Files and batches as OpenAI's API shows them; its times are whole seconds. */

import type { Task } from '../task.ts';
import type { Batch, BatchCounts, BatchState, StoredFile } from './batch.ts';

const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : Math.floor(ms / 1000));

export function fileView(file: StoredFile) {
  return {
    id: file.id,
    object: 'file',
    bytes: file.bytes,
    created_at: seconds(file.createdMs),
    expires_at: seconds(file.expiresMs),
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed',
  };
}

export function batchView(batch: Batch, { completed, failed }: BatchCounts) {
  const reached = (state: BatchState) => seconds(batch.reachedMs[state]);
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    errors: batch.mistakes === undefined ? null : { object: 'list', data: batch.mistakes },
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status: batch.state,
    output_file_id: batch.outputFileId ?? null,
    error_file_id: batch.errorFileId ?? null,
    created_at: seconds(batch.createdMs),
    in_progress_at: reached('in_progress'),
    expires_at: seconds(batch.expiresMs),
    finalizing_at: reached('finalizing'),
    completed_at: reached('completed'),
    failed_at: reached('failed'),
    expired_at: reached('expired'),
    cancelling_at: reached('cancelling'),
    cancelled_at: reached('cancelled'),
    request_counts: { total: batch.total, completed, failed },
    metadata: batch.metadata,
  };
}

export function listView<T extends { readonly id: string }>(items: readonly T[], hasMore: boolean) {
  return {
    object: 'list',
    data: items,
    first_id: items[0]?.id ?? null,
    last_id: items.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

/** A line of the output file, or of the error file for a task that did not complete. */
export function resultLine(task: Task): string {
  const named = { id: `batch_req_${task.id.replaceAll('-', '')}`, custom_id: task.customId ?? '' };
  if (task.state === 'completed') {
    const response = { status_code: 200, request_id: task.id, body: task.result ?? null };
    return `${JSON.stringify({ ...named, response, error: null })}\n`;
  }
  return `${JSON.stringify({ ...named, response: null, error: errorOf(task) })}\n`;
}

function errorOf({ state, failure }: Task) {
  if (state === 'cancelled') {
    return { code: 'batch_cancelled', message: 'This request was cancelled before it could be executed.' };
  }
  if (failure?.code === 'deadline_exceeded') {
    return {
      code: 'batch_expired',
      message: 'This request could not be executed before the completion window expired.',
    };
  }
  return { code: failure?.code ?? 'failed', message: failure?.message ?? 'This request failed.' };
}
