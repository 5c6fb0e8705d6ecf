/** The waiting requests once more, in the order of the policy that runs in the shadow. */

import type {
  NextRequest,
  OrderContext,
  OrderedRequest,
  RequestOrder,
  SchedulingPolicy,
} from '../../queueing/index.ts';

const MAX_ORDERS = 1_000;

/** One line for each model, as in the queue itself. */
export class ShadowLines {
  readonly #policy: SchedulingPolicy;
  readonly #orders = new Map<string, RequestOrder>();

  constructor(policy: SchedulingPolicy) {
    this.#policy = policy;
  }

  add(waiting: OrderedRequest): void {
    const { model } = waiting.request;
    let order = this.#orders.get(model);
    if (order === undefined) {
      order = this.#policy.createOrder();
      this.#orders.set(model, order);
    }
    order.add(waiting);
  }

  remove(waiting: OrderedRequest): void {
    const { model } = waiting.request;
    const order = this.#orders.get(model);
    order?.remove(waiting);
    // An empty order is kept for what it remembers, but the names of models must not pile up.
    if (order?.size === 0 && this.#orders.size > MAX_ORDERS) this.#orders.delete(model);
  }

  sizeOf(model: string): number {
    return this.#orders.get(model)?.size ?? 0;
  }

  /** Whom the shadow's policy would let go first. */
  next(model: string, context: OrderContext): NextRequest | undefined {
    return this.#orders.get(model)?.next(context);
  }
}
