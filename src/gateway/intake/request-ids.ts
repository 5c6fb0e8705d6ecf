/** The id under which one call is scheduled, logged and answered: the caller's own where it is usable, else a new one. */

import { randomBytes } from 'node:crypto';
import type { IncomingCall } from './intake.ts';

export interface RequestIds {
  /** The id for a new call. Two calls never get the same one, also when they bring the same `x-request-id`. */
  idFor(call: Pick<IncomingCall, 'headers'>): string;
}

const USABLE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** How many ids brought by callers are remembered at least, and how many at most twice that. */
const REMEMBERED = 32_768;

/**
 * Ids are a random prefix of this process and a counter: 0.1 µs, where a random UUID each would tell no more.
 * A caller's id that comes again (a proxy's retry) gets the counter appended, since the first may still be running.
 */
export function createRequestIds(prefix = randomBytes(5).toString('hex')): RequestIds {
  let count = 0;
  let recent = new Set<string>();
  let older = new Set<string>();

  const isTaken = (id: string): boolean => {
    if (recent.has(id) || older.has(id)) return true;
    if (recent.size >= REMEMBERED) [older, recent] = [recent, new Set()];
    recent.add(id);
    return false;
  };

  return {
    idFor({ headers }) {
      count++;
      const brought = headers['x-request-id'];
      if (typeof brought !== 'string' || !USABLE.test(brought)) return `sb-${prefix}-${count.toString(36)}`;
      return isTaken(brought) ? `${brought}~${prefix}-${count.toString(36)}` : brought;
    },
  };
}
