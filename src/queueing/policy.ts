/** When: the rule that orders the requests that wait. */

import type { LifecycleListener, RequestMetadata } from '../domain/index.ts';
import type { PlannedDecision, PolicyContext } from './custom/custom-policy.ts';
import type { PolicyInstance } from './custom/policy-instance.ts';
import type { RequestOrder } from './order.ts';

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
