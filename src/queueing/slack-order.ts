/** An order by slack alone, with those that are late aside. */

import type { RequestMetadata } from '../domain/index.ts';
import type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from './order.ts';
import { type SlackEntry, type SlackFields, SlackQueue, slackEntry } from './slack-queue.ts';

export interface SlackRules {
  readonly lateShare: number;
  dueOf(request: RequestMetadata): Pick<SlackFields, 'key' | 'lateAfterMs'>;
}

type OnLeave = (entry: SlackEntry, queue: SlackQueue) => void;

export class SlackOrder implements RequestOrder {
  readonly #rules: SlackRules;
  readonly #queue: SlackQueue;
  readonly #entries = new Map<OrderedRequest, SlackEntry>();
  readonly #onLeave: OnLeave;

  constructor(rules: SlackRules, onLeave: OnLeave) {
    this.#rules = rules;
    this.#onLeave = onLeave;
    this.#queue = new SlackQueue(rules.lateShare);
  }

  get size(): number {
    return this.#queue.size;
  }

  get lateCount(): number {
    return this.#queue.lateCount;
  }

  add(waiting: OrderedRequest): void {
    const entry = slackEntry({ waiting, ...this.#rules.dueOf(waiting.request) });
    this.#entries.set(waiting, entry);
    this.#queue.add(entry);
  }

  remove(waiting: OrderedRequest): void {
    const entry = this.#entries.get(waiting);
    if (entry === undefined) return;
    this.#entries.delete(waiting);
    this.#queue.remove(entry);
    this.#onLeave(entry, this.#queue);
  }

  next({ nowMs }: OrderContext): NextRequest | undefined {
    return this.#queue.peek(nowMs);
  }

  headKey(): number {
    return this.#queue.headKey();
  }

  ahead(waiting: OrderedRequest, nowMs: number): number {
    const entry = this.#entries.get(waiting);
    return entry === undefined ? 0 : this.#queue.ahead(entry, nowMs);
  }
}

/** The orders of one policy, so that the right one is told of a dispatch. */
export class SlackOrders {
  readonly #rules: SlackRules;
  /** Who left a lane last: the scheduler takes a request off its lane and then tells of the dispatch. */
  #leaving: { readonly entry: SlackEntry; readonly queue: SlackQueue } | undefined;
  dispatchedCount = 0;
  dispatchedLateCount = 0;

  constructor(rules: SlackRules) {
    this.#rules = rules;
  }

  create(): SlackOrder {
    return new SlackOrder(this.#rules, (entry, queue) => {
      this.#leaving = { entry, queue };
    });
  }

  dispatched(request: RequestMetadata): void {
    const leaving = this.#leaving;
    this.#leaving = undefined;
    if (leaving?.entry.waiting.request !== request) return;
    leaving.queue.dispatched(leaving.entry);
    this.dispatchedCount++;
    if (leaving.entry.isLate) this.dispatchedLateCount++;
  }
}
