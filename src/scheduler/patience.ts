/** Who has waited long enough for an instance that is not there. */

import { type HeapSlot, heapSlot, IndexedHeap, type Lane, type WaitingRequest } from '../queueing/index.ts';

/**
 * Two kinds of requests wait for nobody: all of a model without a ready instance, and single ones that every ready instance
 * has failed already. Each waits `waitMs` from the moment since when that has been so.
 */
export class Patience {
  readonly #waitMs: () => number;
  /** Lanes without a ready instance, and since when. */
  readonly #deadLanes = new Map<Lane, number>();
  readonly #singles = new IndexedHeap<WaitingRequest>();
  readonly #slots = new Map<WaitingRequest, HeapSlot<WaitingRequest>>();
  #order = 0;

  constructor(waitMs: () => number) {
    this.#waitMs = waitMs;
  }

  laneIs(lane: Lane, isAlive: boolean, nowMs: number): void {
    if (isAlive) this.#deadLanes.delete(lane);
    else if (!this.#deadLanes.has(lane)) this.#deadLanes.set(lane, nowMs);
  }

  forgetLane(lane: Lane): void {
    this.#deadLanes.delete(lane);
  }

  /** Watches one request by itself, from now on. */
  watch(waiting: WaitingRequest, nowMs: number): void {
    this.leave(waiting);
    const slot = heapSlot(waiting);
    this.#slots.set(waiting, slot);
    this.#singles.push(slot, nowMs + this.#waitMs(), this.#order++);
  }

  /** To be called when a watched request stops waiting. */
  leave(waiting: WaitingRequest): void {
    const slot = this.#slots.get(waiting);
    if (slot === undefined) return;
    this.#singles.remove(slot);
    this.#slots.delete(waiting);
  }

  /** The next whose patience ended in a lane without instances. */
  nextOfDeadLanes(nowMs: number): WaitingRequest | undefined {
    for (const [lane, sinceMs] of this.#deadLanes) {
      const first = lane.joined.first?.item;
      if (first !== undefined && this.#endMs(first, sinceMs) <= nowMs) return first;
    }
    return undefined;
  }

  /** The next watched by itself whose time is over; whether it really has nobody is the caller's to say. */
  nextSingle(nowMs: number): WaitingRequest | undefined {
    const first = this.#singles.peek();
    return first !== undefined && first.key <= nowMs ? first.item : undefined;
  }

  nextMs(): number {
    let next = this.#singles.peek()?.key ?? Number.POSITIVE_INFINITY;
    for (const [lane, sinceMs] of this.#deadLanes) {
      const first = lane.joined.first?.item;
      if (first !== undefined) next = Math.min(next, this.#endMs(first, sinceMs));
    }
    return next;
  }

  #endMs(waiting: WaitingRequest, deadSinceMs: number): number {
    return Math.max(waiting.enqueuedMs, deadSinceMs) + this.#waitMs();
  }
}
