/** The id under which one call is scheduled, logged and answered: the caller's own where it is usable, else a new one. */

import { randomBytes } from 'node:crypto';
import type { IncomingCall } from './intake.ts';

export interface RequestIds {
  /** A caller may bring the same id twice (a proxy's retry does); the scheduler tells such requests apart. */
  idFor(call: Pick<IncomingCall, 'headers'>): string;
}

/** Safe in a header, a log line and a metric; it leaves `~` to the scheduler, which marks repetitions with it. */
const USABLE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** A random prefix for this process and a counter: 0.1 µs, where a random UUID for each would tell no more. */
export function createRequestIds(prefix = randomBytes(5).toString('hex')): RequestIds {
  let count = 0;
  return {
    idFor({ headers }) {
      const brought = headers['x-request-id'];
      if (typeof brought === 'string' && USABLE.test(brought)) return brought;
      count++;
      return `sb-${prefix}-${count.toString(36)}`;
    },
  };
}
