/** A policy of one number per request: because it does not depend on the time of asking, a dispatch costs O(log n). */

import { HeapOrder } from './heap-order.ts';
import type { OrderKey, SchedulingPolicy } from './policy.ts';

/** @param orderKey milliseconds on the policy's own scale (a virtual deadline); must be a finite number */
export function keyedPolicy(
  name: string,
  orderKey: OrderKey,
): SchedulingPolicy & { readonly orderKey: OrderKey } {
  return { name, orderKey, createOrder: () => new HeapOrder(({ request }) => orderKey(request)) };
}
