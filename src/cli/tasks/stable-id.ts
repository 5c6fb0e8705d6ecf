/**
 * A task's id from what it is: the same line of the same run has the same id, so a command that is given again finds its tasks
 * instead of submitting them twice. Name-based UUIDs, RFC 9562 section 5.8 (version 8, SHA-256).
 */

import { createHash } from 'node:crypto';
import type { InputTask } from './input-file.ts';

type Content = Pick<InputTask, 'line' | 'input' | 'endpoint'>;

/** @param run what sets this run apart from others with the same lines */
export function stableTaskId(run: string, model: string, { line, input, endpoint }: Content): string {
  const name = JSON.stringify([run, model, line, endpoint ?? '', input]);
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
