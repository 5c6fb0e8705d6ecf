/** vLLM's priorities, whole numbers of which the lower go sooner, as our classes. */

import type { RequestPriority } from '../../domain/index.ts';

/** Each class from the lowest number that belongs to it, the least important first. */
const CLASSES: readonly (readonly [from: number, RequestPriority])[] = [
  [10, 'BACKGROUND'],
  [1, 'LOW'],
  [0, 'NORMAL'],
  [-9, 'HIGH'],
  [Number.NEGATIVE_INFINITY, 'CRITICAL'],
];

/** vLLM's default, 0, is `NORMAL`. */
export function priorityOfNumber(priority: number): RequestPriority {
  return CLASSES.find(([from]) => priority >= from)?.[1] ?? 'CRITICAL';
}
