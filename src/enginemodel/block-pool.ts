/** The paged KV cache: fixed-size blocks, shared by content, the least recently used given away first. */

const NONE = -1;

/** What a prefix lookup found. */
export interface PrefixHit {
  /** Leading blocks found in the cache. */
  readonly blocks: number;
  /** How many of them nobody uses now, so that taking them uses up free blocks. */
  readonly freeBlocks: number;
}

/**
 * Blocks are numbers. A free block keeps its content until it is handed out again: free blocks form a list from the
 * least to the most recently used, and allocation takes from the old end.
 */
export class BlockPool {
  readonly totalBlocks: number;
  readonly #references: Int32Array;
  readonly #keyOf: (number | undefined)[];
  readonly #blockOf = new Map<number, number>();
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  #oldest = NONE;
  #newest = NONE;
  #freeCount = 0;
  /** Blocks from here on were never used; they are handed out before anything is evicted. */
  #untouched = 0;

  constructor(totalBlocks: number) {
    if (!(Number.isSafeInteger(totalBlocks) && totalBlocks > 0)) {
      throw new RangeError(`totalBlocks is ${totalBlocks}; a whole number above 0 is allowed`);
    }
    this.totalBlocks = totalBlocks;
    this.#references = new Int32Array(totalBlocks);
    this.#older = new Int32Array(totalBlocks).fill(NONE);
    this.#newer = new Int32Array(totalBlocks).fill(NONE);
    this.#keyOf = new Array<number | undefined>(totalBlocks);
  }

  /** Blocks that can be handed out, those with reusable content included. */
  get freeBlocks(): number {
    return this.#freeCount + (this.totalBlocks - this.#untouched);
  }

  get usedBlocks(): number {
    return this.totalBlocks - this.freeBlocks;
  }

  /** Blocks whose content could be found by a lookup. */
  get sharedKeys(): number {
    return this.#blockOf.size;
  }

  /** How many of the first `limit` keys are in the cache without a gap. */
  lookup(keys: ArrayLike<number>, limit: number): PrefixHit {
    let blocks = 0;
    let freeBlocks = 0;
    for (; blocks < limit; blocks++) {
      const block = this.#blockOf.get(keys[blocks]!);
      if (block === undefined) break;
      if (this.#references[block] === 0) freeBlocks++;
    }
    return { blocks, freeBlocks };
  }

  /** Takes the first `count` cached blocks of `keys` into use, appended to `into`. */
  acquire(keys: ArrayLike<number>, count: number, into: number[]): void {
    for (let i = 0; i < count; i++) {
      const block = this.#blockOf.get(keys[i]!);
      if (block === undefined) throw new Error(`block ${i} of the prefix is no longer cached`);
      if (this.#references[block]!++ === 0) this.#unlink(block);
      into.push(block);
    }
  }

  /** Hands out `count` blocks, evicting the least recently used content; the caller has checked `freeBlocks`. */
  allocate(count: number, into: number[]): void {
    if (count > this.freeBlocks) throw new Error(`${count} blocks asked of ${this.freeBlocks} free ones`);
    for (let i = 0; i < count; i++) {
      const block = this.#untouched < this.totalBlocks ? this.#untouched++ : this.#evict();
      this.#references[block] = 1;
      into.push(block);
    }
  }

  /** Makes a computed block findable; where another block already holds the same content, that one stays. */
  share(block: number, key: number): void {
    if (this.#blockOf.has(key)) return;
    this.#blockOf.set(key, block);
    this.#keyOf[block] = key;
  }

  /** Gives up `blocks`, the last one first, so that the tail of a sequence is evicted before its head. */
  release(blocks: readonly number[]): void {
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i]!;
      const left = --this.#references[block]!;
      if (left < 0) throw new Error(`block ${block} was released more often than taken`);
      if (left === 0) this.#append(block);
    }
  }

  #evict(): number {
    const block = this.#oldest;
    this.#unlink(block);
    const key = this.#keyOf[block];
    if (key !== undefined) {
      this.#blockOf.delete(key);
      this.#keyOf[block] = undefined;
    }
    return block;
  }

  #append(block: number): void {
    this.#older[block] = this.#newest;
    this.#newer[block] = NONE;
    if (this.#newest === NONE) this.#oldest = block;
    else this.#newer[this.#newest] = block;
    this.#newest = block;
    this.#freeCount++;
  }

  #unlink(block: number): void {
    const older = this.#older[block]!;
    const newer = this.#newer[block]!;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    this.#freeCount--;
  }
}
