/** The order in which the requests of one lane go. A policy makes one for each lane. */

import type { InstanceView } from '../domain/index.ts';
import type { WaitingRequest } from './waiting-queue.ts';

/** What the moment of asking brings along. */
export interface OrderContext {
  readonly nowMs: number;
  /** The instances that serve the lane, in any state. */
  readonly instances: readonly InstanceView[];
}

/** Who goes next, and where to if the policy says that, too. */
export interface NextRequest {
  readonly waiting: WaitingRequest;
  /** The instance that the policy chose; it is taken if it can serve the request now. */
  readonly instanceId?: string;
  /** The policy's reason in words. */
  readonly reason?: string;
}

export interface RequestOrder {
  readonly size: number;
  add(waiting: WaitingRequest): void;
  /** Does nothing when the request is not in it. */
  remove(waiting: WaitingRequest): void;
  /** Whom the policy lets go first now; `undefined` when it is empty or the policy lets nobody go. The request stays in it. */
  next(context: OrderContext): NextRequest | undefined;
  /** Number of requests that are likely to go before this one. */
  ahead(waiting: WaitingRequest, nowMs: number): number;
  /**
   * For lanes that share an instance: the lane with the lowest key goes first. Comparable between the orders of one policy;
   * `Infinity` when it is empty.
   */
  headKey(): number;
}
