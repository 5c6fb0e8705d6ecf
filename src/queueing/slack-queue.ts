/**
 * The least key first, with those that are late in a list of their own: earliest-deadline-first is the best order below load 1
 * and collapses above it, because it goes on serving requests that miss anyway; so who is late steps aside, and is served
 * first in, first out with a guaranteed share.
 */

import { type HeapSlot, IndexedHeap } from './indexed-heap.ts';
import type { OrderedRequest } from './order.ts';
import { SortedKeys } from './sorted-keys.ts';

/** A request's place in a slack queue. */
export interface SlackEntry {
  readonly waiting: OrderedRequest;
  /** The lowest goes first: when it is due, epoch milliseconds, or another moment that stands for it. */
  readonly key: number;
  /** It steps aside once it waits longer than until then, epoch milliseconds; `Infinity` for one that cannot be late. */
  readonly lateAfterMs: number;
  /** In the heap of those in time or in the list of the late ones. */
  readonly slot: HeapSlot<SlackEntry>;
  isLate: boolean;
}

export type SlackFields = Pick<SlackEntry, 'waiting' | 'key' | 'lateAfterMs'>;

/** An entry that is not in a queue yet; `more` are the fields of those who keep more than a queue needs. */
export function slackEntry<More extends object>(fields: SlackFields & More): SlackEntry & More {
  const entry = { ...fields, isLate: false } as SlackEntry & More & { slot: HeapSlot<SlackEntry> };
  entry.slot = { item: entry, key: 0, order: 0, index: -1 };
  return entry;
}

/** Prefers some requests to others of about the same slack. */
export interface Locality<Entry extends SlackEntry = SlackEntry> {
  /** The share of a prompt that an instance holds, 0 to 1; asked for every candidate of a decision. */
  shareOf(entry: Entry, nowMs: number): number;
  /** Slack that may be given up for it, milliseconds. */
  readonly withinMs: number;
}

/** How many of the first in the heap are looked at for locality. */
const NEAR = 7;
const LATE_STEPS_BACK_MS = 30_000;

export class SlackQueue<Entry extends SlackEntry = SlackEntry> {
  readonly #timely = new IndexedHeap<SlackEntry>();
  readonly #late = new IndexedHeap<SlackEntry>();
  readonly #sorted = new SortedKeys();
  /** Of so many that go while somebody is late, one is late. */
  readonly #lateEvery: number;
  #timelyInARow = 0;

  /** @param lateShare the least share of the dispatches that late ones get while there are any; above 0 */
  constructor(lateShare: number) {
    this.#lateEvery = Math.max(1, Math.floor(1 / lateShare));
  }

  get size(): number {
    return this.#timely.size + this.#late.size;
  }

  get lateCount(): number {
    return this.#late.size;
  }

  add(entry: Entry): void {
    const { waiting, slot, key } = entry;
    if (entry.isLate) this.#late.push(slot, waiting.request.arrivalMs, waiting.joinOrder);
    else this.#timely.push(slot, key, waiting.joinOrder);
  }

  remove(entry: Entry): void {
    if (entry.isLate) this.#late.remove(entry.slot);
    else this.#timely.remove(entry.slot);
  }

  /** Who goes next; it stays in. */
  peek(nowMs: number, locality?: Locality<Entry>): Entry | undefined {
    this.#stepAside(nowMs);
    const late = this.#late.peek();
    const isLatesTurn = this.#timely.size === 0 || this.#timelyInARow >= this.#lateEvery - 1;
    if (late !== undefined && isLatesTurn) return late.item as Entry;
    const first = this.#timely.peek();
    if (first === undefined || locality === undefined) return first?.item as Entry | undefined;
    return this.#nearest(locality, nowMs);
  }

  /** For comparing queues: the least slack of those in time; where all are late, they step back behind other queues. */
  headKey(): number {
    const timely = this.#timely.peek();
    if (timely !== undefined) return timely.key;
    return (this.#late.peek()?.item.key ?? Number.POSITIVE_INFINITY) + LATE_STEPS_BACK_MS;
  }

  /** Tells that `entry`, which has left, was dispatched. */
  dispatched(entry: Entry): void {
    if (entry.isLate) this.#timelyInARow = 0;
    else if (this.#late.size > 0) this.#timelyInARow++;
  }

  /** How many of those in time go before `entry`; of a late one it is not known. */
  ahead(entry: Entry, nowMs: number): number {
    if (entry.isLate) return 0;
    return this.#sorted.countBelow(entry.slot.key, nowMs, () => this.#timely.keys());
  }

  /** Everybody steps aside at most once, so this costs O(log n) a request over its whole wait. */
  #stepAside(nowMs: number): void {
    for (let first = this.#timely.peek(); first !== undefined; first = this.#timely.peek()) {
      const entry = first.item;
      if (entry.lateAfterMs >= nowMs) return;
      this.#timely.remove(first);
      entry.isLate = true;
      this.#late.push(entry.slot, entry.waiting.request.arrivalMs, entry.waiting.joinOrder);
    }
  }

  #nearest(locality: Locality<Entry>, nowMs: number): Entry {
    let best = this.#timely.peek()!;
    const latest = best.key + locality.withinMs;
    let bestShare = locality.shareOf(best.item as Entry, nowMs);
    for (let i = 1; i < NEAR; i++) {
      const slot = this.#timely.at(i);
      if (slot === undefined) break;
      if (slot.key > latest) continue;
      const share = locality.shareOf(slot.item as Entry, nowMs);
      if (share > bestShare || (share === bestShare && goesBefore(slot, best))) {
        best = slot;
        bestShare = share;
      }
    }
    return best.item as Entry;
  }
}

function goesBefore(a: HeapSlot<SlackEntry>, b: HeapSlot<SlackEntry>): boolean {
  return a.key < b.key || (a.key === b.key && a.order < b.order);
}
