/** One class of one lane: its tenants take turns by what they have consumed (the virtual token counter). */

import { type HeapSlot, IndexedHeap } from '../indexed-heap.ts';
import { type Locality, SlackQueue } from '../slack-queue.ts';
import type { Account } from './account.ts';
import type { SharedEntry } from './cached-share.ts';

/** One tenant's requests in one band. */
export interface Flow {
  readonly account: Account;
  readonly queue: SlackQueue<BandEntry>;
  readonly slot: HeapSlot<Flow>;
  /** Its counter: what it has consumed here per unit of weight, and of what it has consumed in other lanes at most a part. */
  virtual: number;
  /** How much of the account's consumption is in `virtual`, or has been let off. */
  seen: number;
  /** How much of other lanes' consumption was added since its last turn here. */
  raised: number;
}

export interface BandEntry extends SharedEntry {
  readonly flow: Flow;
  readonly band: Band;
  /** What it is expected to consume. */
  readonly cost: number;
}

export interface BandSettings {
  readonly lateShare: number;
  /** Consumption in other lanes that may count against a tenant here before it has had another turn. */
  readonly foreignTokens: number;
  /** By how much a tenant may be served before its turn because its prompt's prefix is held somewhere. */
  readonly quantumTokens: number;
  readonly locality?: Locality<BandEntry>;
}

const NEAR = 7;
const MAX_IDLE = 1_024;

export class Band {
  readonly rank: number;
  readonly #settings: BandSettings;
  readonly #flows = new Map<Account, Flow>();
  readonly #active = new IndexedHeap<Flow>();
  #sweepAt = MAX_IDLE;
  /** The counter of whoever went last. */
  #clock = 0;
  #created = 0;
  size = 0;
  /** Service that is owed to this band because higher ones went before it. */
  owed = 0;

  constructor(rank: number, settings: BandSettings) {
    this.rank = rank;
    this.#settings = settings;
  }

  get tenants(): number {
    return this.#active.size;
  }

  flowOf(account: Account): Flow {
    let flow = this.#flows.get(account);
    if (flow === undefined) {
      if (this.#flows.size >= this.#sweepAt) this.#forgetIdle();
      flow = createFlow(account, this.#settings.lateShare, this.#created++);
      this.#flows.set(account, flow);
    }
    return flow;
  }

  add(entry: BandEntry): void {
    const { flow } = entry;
    flow.queue.add(entry);
    this.size++;
    if (flow.slot.index !== -1) return;
    // Lifted on return: who paused has saved nothing up.
    flow.virtual = Math.max(flow.virtual, this.#active.peek()?.key ?? this.#clock);
    flow.seen = flow.account.consumed;
    this.#active.push(flow.slot, flow.virtual, flow.slot.order);
  }

  remove(entry: BandEntry): void {
    const { flow } = entry;
    flow.queue.remove(entry);
    this.size--;
    if (flow.queue.size === 0) this.#active.remove(flow.slot);
    if (this.size === 0) this.owed = 0;
  }

  /** What the one would cost whose turn it is, prefixes aside; `Infinity` when it is empty. */
  headCost(nowMs: number): number {
    return this.#firstFlow()?.queue.peek(nowMs)?.cost ?? Number.POSITIVE_INFINITY;
  }

  peek(nowMs: number): BandEntry | undefined {
    const first = this.#firstFlow();
    const { locality } = this.#settings;
    if (first === undefined || locality === undefined) return first?.queue.peek(nowMs);
    return this.#nearest(first, locality, nowMs);
  }

  /** Puts what a dispatch cost on the tenant's counter. */
  charge(entry: BandEntry, cost: number): void {
    this.#clock = Math.max(this.#clock, entry.flow.virtual);
    entry.flow.queue.dispatched(entry);
    entry.flow.raised = 0;
    this.correct(entry.flow, cost);
  }

  /** @param cost what was consumed more than charged so far; negative when it was less */
  correct(flow: Flow, cost: number): void {
    flow.seen += cost;
    this.#raise(flow, cost);
  }

  #raise(flow: Flow, cost: number): void {
    flow.virtual += cost / flow.account.weight;
    if (flow.slot.index !== -1) this.#active.rekey(flow.slot, flow.virtual);
  }

  /** The flow whose turn it is. What its tenant got in other lanes counts, up to a bound, so that nobody starves here for it. */
  #firstFlow(): Flow | undefined {
    for (;;) {
      const flow = this.#active.peek()?.item;
      if (flow === undefined) return undefined;
      const foreign = flow.account.consumed - flow.seen;
      flow.seen = flow.account.consumed;
      const raise = Math.min(foreign, this.#settings.foreignTokens - flow.raised);
      if (raise <= 0) return flow;
      flow.raised += raise;
      this.#raise(flow, raise);
    }
  }

  /** The best hit among the heads of those tenants whose turn is within the quantum (DLPM, arXiv 2501.14312). */
  #nearest(first: Flow, locality: Locality<BandEntry>, nowMs: number): BandEntry | undefined {
    let best = first.queue.peek(nowMs, locality);
    if (best === undefined) return undefined;
    let bestShare = locality.shareOf(best, nowMs);
    const latest = first.virtual + this.#settings.quantumTokens;
    for (let i = 1; i < NEAR; i++) {
      const slot = this.#active.at(i);
      if (slot === undefined) break;
      if (slot.key > latest) continue;
      const entry = slot.item.queue.peek(nowMs)!;
      const share = locality.shareOf(entry, nowMs);
      if (share <= bestShare) continue;
      best = entry;
      bestShare = share;
    }
    return best;
  }

  #forgetIdle(): void {
    const floor = this.#active.peek()?.key ?? Number.POSITIVE_INFINITY;
    for (const [account, { slot, virtual }] of this.#flows) {
      if (slot.index === -1 && virtual <= floor) this.#flows.delete(account);
    }
    this.#sweepAt = 2 * this.#flows.size + MAX_IDLE;
  }
}

function createFlow(account: Account, lateShare: number, order: number): Flow {
  const queue = new SlackQueue<BandEntry>(lateShare);
  const flow = { account, queue, virtual: 0, seen: 0, raised: 0 } as Flow & { slot: HeapSlot<Flow> };
  flow.slot = { item: flow, key: 0, order, index: -1 };
  return flow;
}
