/** A policy of one number per request: because it does not depend on the time of asking, a dispatch costs O(log n). */

import { HeapOrder } from './heap-order.ts';
import type { OrderKey } from './order-key.ts';
import type { SchedulingPolicy } from './policy.ts';

export interface KeyedPolicy extends SchedulingPolicy {
  readonly orderKey: OrderKey;
}

/** @param orderKey milliseconds on the policy's own scale (a virtual deadline); must be a finite number */
export function keyedPolicy(name: string, orderKey: OrderKey): KeyedPolicy {
  return { name, orderKey, createOrder: () => new HeapOrder(({ request }) => orderKey(request)) };
}
