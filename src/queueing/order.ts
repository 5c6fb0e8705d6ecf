/** The order in which the requests of one lane go. A policy makes one for each lane. */

import type { InstanceView, RequestMetadata } from '../domain/index.ts';

/** A request that waits, as an order sees it; the same object from joining to leaving. */
export interface OrderedRequest {
  readonly request: RequestMetadata;
  /** Its prompt and the answer asked for. */
  readonly tokens: number;
  readonly enqueuedMs: number;
  /** Grows with each request that joins the queue; a request keeps it when the policy changes. */
  readonly joinOrder: number;
}

/** What the moment of asking brings along. */
export interface OrderContext {
  readonly nowMs: number;
  /** The instances that serve the lane, in any state. */
  readonly instances: readonly InstanceView[];
}

/** Who goes next, and where to if the policy says that, too. */
export interface NextRequest {
  readonly waiting: OrderedRequest;
  /** The instance that the policy chose; it is taken if it can serve the request now. */
  readonly instanceId?: string;
  /** The policy's reason in words. */
  readonly reason?: string;
}

export interface RequestOrder {
  readonly size: number;
  add(waiting: OrderedRequest): void;
  /** Does nothing when the request is not in it. */
  remove(waiting: OrderedRequest): void;
  /** Whom the policy lets go first now; `undefined` when it is empty or the policy lets nobody go. The request stays in it. */
  next(context: OrderContext): NextRequest | undefined;
  /** Number of requests that are likely to go before this one. */
  ahead(waiting: OrderedRequest, nowMs: number): number;
  /**
   * For lanes that share an instance: the lane with the lowest key goes first. Comparable between the orders of one policy;
   * `Infinity` when it is empty.
   */
  headKey(): number;
}
