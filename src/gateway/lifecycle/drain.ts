/** What is under way, and waiting for it to end. */

/** Something that can be under way; it remembers its place, so that it is found without a search. */
export interface Drained {
  /** Set by the drain; -1 while it is not under way. */
  placeInDrain: number;
}

export class Drain<Item extends Drained> {
  // Not a set: one that churns is copied again and again, and the copies keep what was in them from being collected.
  readonly #items: Item[] = [];
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#items.length;
  }

  get items(): Iterable<Item> {
    return this.#items;
  }

  add(item: Item): void {
    item.placeInDrain = this.#items.length;
    this.#items.push(item);
  }

  remove(item: Item): void {
    const place = item.placeInDrain;
    if (place === -1) return;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#items[place] = last;
      last.placeInDrain = place;
    }
    item.placeInDrain = -1;
    if (this.#items.length === 0) this.#onEmpty?.();
  }

  /** Resolves when nothing is under way any more. */
  async untilEmpty(): Promise<void> {
    if (this.#items.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await promise;
    this.#onEmpty = undefined;
  }
}
