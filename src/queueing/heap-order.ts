/** An order by keys that are fixed when a request joins: a heap. */

import { type HeapSlot, heapSlot, IndexedHeap } from './indexed-heap.ts';
import type { NextRequest, OrderedRequest, RequestOrder } from './order.ts';
import { SortedKeys } from './sorted-keys.ts';

export class HeapOrder implements RequestOrder {
  readonly #keyOf: (waiting: OrderedRequest) => number;
  readonly #heap = new IndexedHeap<OrderedRequest>();
  readonly #slots = new Map<OrderedRequest, HeapSlot<OrderedRequest>>();
  readonly #sorted = new SortedKeys();

  constructor(keyOf: (waiting: OrderedRequest) => number) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#heap.size;
  }

  add(waiting: OrderedRequest): void {
    const slot = heapSlot(waiting);
    this.#slots.set(waiting, slot);
    this.#heap.push(slot, this.#keyOf(waiting), waiting.joinOrder);
  }

  remove(waiting: OrderedRequest): void {
    const slot = this.#slots.get(waiting);
    if (slot === undefined) return;
    this.#slots.delete(waiting);
    this.#heap.remove(slot);
  }

  next(): NextRequest | undefined {
    const waiting = this.#heap.peek()?.item;
    return waiting === undefined ? undefined : { waiting };
  }

  headKey(): number {
    return this.#heap.peek()?.key ?? Number.POSITIVE_INFINITY;
  }

  /** As of up to a second ago. */
  ahead(waiting: OrderedRequest, nowMs: number): number {
    const slot = this.#slots.get(waiting);
    if (slot === undefined) return 0;
    return this.#sorted.countBelow(slot.key, nowMs, () => this.#heap.keys());
  }
}
