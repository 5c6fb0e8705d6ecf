/** Calls that come while one is being stored are stored together: one commit for all of them, each told of its own. */

interface Waiting<Item, Result> {
  readonly items: readonly Item[];
  readonly weight: number;
  resolve(results: readonly Result[]): void;
  reject(error: unknown): void;
}

export interface GroupCommitOptions<Item, Result> {
  /** Stores the items of several calls at once; gives the results call by call. */
  store(calls: readonly (readonly Item[])[]): Promise<readonly (readonly Result[])[]>;
  /** Whether every call of the group would fail the same way, so that storing each by itself is of no use. */
  isEverybodys(error: unknown): boolean;
  weigh(item: Item): number;
  /** A group takes no further call beyond either. */
  readonly maxItems: number;
  readonly maxWeight: number;
}

export class GroupCommit<Item, Result> {
  readonly #options: GroupCommitOptions<Item, Result>;
  #queue: Waiting<Item, Result>[] = [];
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions<Item, Result>) {
    this.#options = options;
  }

  add(items: readonly Item[]): Promise<readonly Result[]> {
    if (items.length === 0) return Promise.resolve([]);
    const weight = items.reduce((sum, item) => sum + this.#options.weigh(item), 0);
    return new Promise((resolve, reject) => {
      this.#queue.push({ items, weight, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // Whoever calls in the same turn of the event loop belongs to the first group already.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#storeTogether(this.#nextGroup());
    this.#running = undefined;
  }

  #nextGroup(): readonly Waiting<Item, Result>[] {
    const { maxItems, maxWeight } = this.#options;
    let items = 0;
    let weight = 0;
    let count = 0;
    for (const call of this.#queue) {
      items += call.items.length;
      weight += call.weight;
      if (count > 0 && (items > maxItems || weight > maxWeight)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #storeTogether(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.store(group.map((call) => call.items));
      for (const [index, call] of group.entries()) call.resolve(results[index]!);
    } catch (error) {
      if (group.length === 1 || this.#options.isEverybodys(error)) {
        for (const call of group) call.reject(error);
        return;
      }
      // One of them is to blame, and the others must not pay for it.
      for (const call of group) await this.#storeTogether([call]);
    }
  }
}
