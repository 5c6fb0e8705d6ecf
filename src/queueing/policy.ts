/** When: the rule that orders the requests that wait. */

import type { LifecycleListener, RequestMetadata } from '../domain/index.ts';

/**
 * A scheduling policy. It gives each request one number when the request joins the queue; the lowest goes first, and equal
 * numbers go in the order of joining. Because the number does not depend on the time of asking, the queue is a heap and a
 * dispatch costs O(log n) however many wait.
 */
export interface SchedulingPolicy extends LifecycleListener {
  readonly name: string;
  /** Milliseconds on the policy's own scale (a virtual deadline); must be a finite number. */
  orderKey(request: RequestMetadata): number;
}
