/** What each tenant of one class has consumed, in all lanes together. */

import { type HeapSlot, IndexedHeap } from '../indexed-heap.ts';

export interface Account {
  readonly tenant: string;
  /** A tenant of weight 2 is entitled to twice what one of weight 1 gets. */
  readonly weight: number;
  /** Cost of all that was dispatched for it, corrected by what it turned out to be. */
  consumed: number;
  /** The same per unit of weight, lifted to the least of those who wait when it comes back after a pause. */
  virtual: number;
  /** Requests of it that wait, in all lanes. */
  waiting: number;
  readonly slot: HeapSlot<Account>;
}

/** Accounts of tenants that are gone are forgotten once there are this many more than wait. */
const MAX_IDLE = 1_024;

export class Accounts {
  readonly #weightOf: (tenant: string) => number;
  readonly #byTenant = new Map<string, Account>();
  readonly #active = new IndexedHeap<Account>();
  #created = 0;
  #sweepAt = MAX_IDLE;

  constructor(weightOf: (tenant: string) => number) {
    this.#weightOf = weightOf;
  }

  of(tenant: string): Account {
    let account = this.#byTenant.get(tenant);
    if (account === undefined) {
      account = createAccount(tenant, this.#weightOf(tenant), this.#created++);
      this.#byTenant.set(tenant, account);
    }
    return account;
  }

  joined(account: Account): void {
    if (account.waiting++ > 0) return;
    const least = this.#active.peek();
    if (least !== undefined) account.virtual = Math.max(account.virtual, least.key);
    this.#active.push(account.slot, account.virtual, account.slot.order);
    if (this.#byTenant.size >= this.#sweepAt) this.#forgetIdle();
  }

  left(account: Account): void {
    if (--account.waiting === 0) this.#active.remove(account.slot);
  }

  /** @param cost may be negative, when less was consumed than was charged */
  charge(account: Account, cost: number): void {
    account.consumed += cost;
    account.virtual += cost / account.weight;
    if (account.slot.index !== -1) this.#active.rekey(account.slot, account.virtual);
  }

  /** By how much it has got more than the one who has got least among those who wait, per unit of weight. */
  excess(account: Account): number {
    const least = this.#active.peek();
    return least === undefined ? 0 : Math.max(0, account.virtual - least.key);
  }

  /** The virtual consumption of those who wait, by tenant. */
  virtualOfWaiting(): Readonly<Record<string, number>> {
    return Object.fromEntries(Array.from(this.#active.items(), ({ tenant, virtual }) => [tenant, virtual]));
  }

  /** Whoever would be lifted anyway when they come back has nothing to be remembered. */
  #forgetIdle(): void {
    const floor = this.#active.peek()?.key ?? Number.POSITIVE_INFINITY;
    for (const [tenant, account] of this.#byTenant) {
      if (account.waiting === 0 && account.virtual <= floor) this.#byTenant.delete(tenant);
    }
    this.#sweepAt = 2 * this.#byTenant.size + MAX_IDLE;
  }
}

function createAccount(tenant: string, weight: number, order: number): Account {
  const account = { tenant, weight, consumed: 0, virtual: 0, waiting: 0 } as Account & {
    slot: HeapSlot<Account>;
  };
  account.slot = { item: account, key: 0, order, index: -1 };
  return account;
}
