/** When: the rule that orders the requests that wait. */

import type { LifecycleListener, RequestMetadata } from '../domain/index.ts';
import type { PlannedDecision, PolicyContext } from './custom-policy.ts';
import type { RequestOrder } from './order.ts';
import type { PolicyInstance } from './policy-instance.ts';

/**
 * A scheduling policy makes one order for each lane (the requests that wait for one model). `keyedPolicy` makes a policy of one
 * number per request, which is the fast path; `functionPolicy` makes one of the guides' functions.
 */
export interface SchedulingPolicy extends LifecycleListener {
  readonly name: string;
  createOrder(): RequestOrder;
  /** Figures of the policy's own, for operators. */
  getStats?(): Readonly<Record<string, unknown>>;
}

/** The guides' two functions, over lists instead of a live queue: for comparing and for trying out. */
export interface GuideFunctions {
  prioritize(requests: readonly RequestMetadata[], context: PolicyContext): readonly RequestMetadata[];
  schedule(
    requests: readonly RequestMetadata[],
    instances: readonly PolicyInstance[],
    context: PolicyContext,
  ): readonly PlannedDecision[];
}

export type BuiltInPolicy = SchedulingPolicy & GuideFunctions;

/** One number for a request, fixed when it joins; the lowest goes first, equal numbers in the order of joining. */
export type OrderKey = (request: RequestMetadata) => number;
