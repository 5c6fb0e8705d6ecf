/** Names for files, batches and the tasks of a batch. */

import { createHash, randomBytes } from 'node:crypto';

export const newFileId = (): string => `file-${randomBytes(12).toString('hex')}`;
export const newBatchId = (): string => `batch_${randomBytes(12).toString('hex')}`;

/** The same batch has the same output file, however often it is written. */
export function resultFileId(batchId: string, kind: 'output' | 'error'): string {
  return `file-${createHash('sha256').update(`${batchId} ${kind}`).digest('hex').slice(0, 24)}`;
}

/** The task of a line: submitted again after a crash, it is the same task. A name-based UUID (RFC 9562, version 8). */
export function batchTaskId(batchId: string, line: number): string {
  const bytes = createHash('sha256').update(`${batchId} ${line}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
