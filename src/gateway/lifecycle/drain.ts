/** What is under way, and waiting for it to end. */

export class Drain<Item> {
  readonly #items = new Set<Item>();
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#items.size;
  }

  get items(): Iterable<Item> {
    return this.#items;
  }

  add(item: Item): void {
    this.#items.add(item);
  }

  remove(item: Item): void {
    this.#items.delete(item);
    if (this.#items.size === 0) this.#onEmpty?.();
  }

  /** Resolves when nothing is under way any more. */
  async untilEmpty(): Promise<void> {
    if (this.#items.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await promise;
    this.#onEmpty = undefined;
  }
}
