/** A task's id in the forms that clients write it: with or without `task-`, with or without hyphens, in either case. */

import { randomUUID } from 'node:crypto';

const HEX = /^[0-9a-f]{32}$/;

/** The canonical form (lower case, hyphens) of anything that is a UUID, as Python's `UUID()` reads it; otherwise `undefined`. */
export function canonicalTaskId(given: string): string | undefined {
  const hex = given
    .trim()
    .toLowerCase()
    .replace(/^task-/, '')
    .replace(/^urn:uuid:/, '')
    .replaceAll(/[{}-]/g, '');
  if (!HEX.test(hex)) return undefined;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function newTaskId(): string {
  return randomUUID();
}
