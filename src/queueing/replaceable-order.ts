/** An order that can be replaced by another while requests wait in it. */

import type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from './order.ts';

/** Where orders come from. */
export interface OrderSource {
  /** Another number once the orders made before are to be replaced. */
  readonly revision: number;
  createOrder(): RequestOrder;
}

export class ReplaceableOrder implements RequestOrder {
  readonly #source: OrderSource;
  #revision: number;
  #order: RequestOrder;
  readonly #waiting = new Set<OrderedRequest>();

  constructor(source: OrderSource) {
    this.#source = source;
    this.#revision = source.revision;
    this.#order = source.createOrder();
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(waiting: OrderedRequest): void {
    this.#waiting.add(waiting);
    this.#order.add(waiting);
  }

  remove(waiting: OrderedRequest): void {
    this.#waiting.delete(waiting);
    this.#order.remove(waiting);
  }

  next(context: OrderContext): NextRequest | undefined {
    if (this.#source.revision !== this.#revision) this.#replace();
    return this.#order.next(context);
  }

  headKey(): number {
    return this.#order.headKey();
  }

  ahead(waiting: OrderedRequest, nowMs: number): number {
    return this.#order.ahead(waiting, nowMs);
  }

  #replace(): void {
    this.#revision = this.#source.revision;
    this.#order = this.#source.createOrder();
    const inOrder = [...this.#waiting].sort((a, b) => a.joinOrder - b.joinOrder);
    for (const waiting of inOrder) this.#order.add(waiting);
  }
}
