/** First in, first out; a retried request keeps its place, because its arrival does not change. */

import type { SchedulingPolicy } from './policy.ts';

export function fifoPolicy(): SchedulingPolicy {
  return { name: 'fifo', orderKey: (request) => request.arrivalMs };
}
