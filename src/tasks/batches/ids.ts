/** Names for files, batches and the tasks of a batch. */

import { createHash, randomBytes } from 'node:crypto';
import { uuidOfName } from '../name-uuid.ts';

export const newFileId = (): string => `file-${randomBytes(12).toString('hex')}`;
export const newBatchId = (): string => `batch_${randomBytes(12).toString('hex')}`;

/** The same batch has the same output file, however often it is written. */
export function resultFileId(batchId: string, kind: 'output' | 'error'): string {
  return `file-${createHash('sha256').update(`${batchId} ${kind}`).digest('hex').slice(0, 24)}`;
}

/** The task of a line: submitted again after a crash, it is the same task. */
export function batchTaskId(batchId: string, line: number): string {
  return uuidOfName(`${batchId} ${line}`);
}
