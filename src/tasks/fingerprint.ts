/** What makes two submissions the same: a digest that does not depend on the order of keys. */

import { createHash } from 'node:crypto';
import type { NewTask } from './task-service.ts';

export function fingerprintOf({ model, input, metadata = {}, endpoint }: NewTask): string {
  const content = canonical({ model, input, metadata, ...(endpoint !== undefined && { endpoint }) });
  return createHash('sha256').update(content).digest('hex');
}

/** JSON with the keys of every object in order (as in RFC 8785). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}
