/** An order whose policy also says where its first request goes. */

import type { RequestMetadata } from '../domain/index.ts';
import type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from './order.ts';

/** Where a request goes and why; empty to leave it to routing. */
export type Placement = Omit<NextRequest, 'waiting'>;

export class PlacingOrder implements RequestOrder {
  readonly #inner: RequestOrder;
  /** `undefined` lets it wait. */
  readonly #place: (request: RequestMetadata, context: OrderContext) => Placement | undefined;

  constructor(
    inner: RequestOrder,
    place: (request: RequestMetadata, context: OrderContext) => Placement | undefined,
  ) {
    this.#inner = inner;
    this.#place = place;
  }

  get size(): number {
    return this.#inner.size;
  }

  add(waiting: OrderedRequest): void {
    this.#inner.add(waiting);
  }

  remove(waiting: OrderedRequest): void {
    this.#inner.remove(waiting);
  }

  next(context: OrderContext): NextRequest | undefined {
    const next = this.#inner.next(context);
    if (next === undefined) return undefined;
    const placement = this.#place(next.waiting.request, context);
    return placement && { ...placement, waiting: next.waiting };
  }

  headKey(): number {
    return this.#inner.headKey();
  }

  ahead(waiting: OrderedRequest, nowMs: number): number {
    return this.#inner.ahead(waiting, nowMs);
  }
}
