/** A hash table from 64-bit block hashes to small places: records of eight words in one array, no object and no string per block. */

/** Words of a record, half a cache line, so that looking at a block costs one access to memory. */
export const RECORD_WORDS = 8;
/** Where a record's own words begin; before them are both halves of the hash and the link to the next. */
export const OWN_WORDS = 3;
export const NO_PLACE = 0xffff_ffff;

const LOW = 0;
const HIGH = 1;
const NEXT = 2;
const SMALLEST = 32;

export class BlockTable {
  /** All records; another array after `add`, perhaps. */
  words = new Uint32Array(RECORD_WORDS * SMALLEST);
  /** Per bucket its first place; as many buckets as places. */
  #buckets = new Uint32Array(SMALLEST).fill(NO_PLACE);
  #free = NO_PLACE;
  #used = 0;
  #count = 0;

  /** Blocks in it. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.words.byteLength + this.#buckets.byteLength;
  }

  low(place: number): number {
    return this.words[RECORD_WORDS * place + LOW]!;
  }

  high(place: number): number {
    return this.words[RECORD_WORDS * place + HIGH]!;
  }

  /** The block's place, or `NO_PLACE`. */
  find(low: number, high: number): number {
    const words = this.words;
    let place = this.#buckets[low & (this.#buckets.length - 1)]!;
    while (place !== NO_PLACE) {
      const at = RECORD_WORDS * place;
      if (words[at + LOW] === low && words[at + HIGH] === high) break;
      place = words[at + NEXT]!;
    }
    return place;
  }

  /**
   * The same, looked for beside the place of the block before or after it in a prompt first: they were put in together, so they
   * mostly lie together, which spares a walk through memory.
   */
  findNear(low: number, high: number, near: number): number {
    const at = RECORD_WORDS * near;
    const { words } = this;
    if (words[at - RECORD_WORDS + LOW] === low && words[at - RECORD_WORDS + HIGH] === high) return near - 1;
    if (words[at + RECORD_WORDS + LOW] === low && words[at + RECORD_WORDS + HIGH] === high) return near + 1;
    return this.find(low, high);
  }

  /**
   * How many of the first blocks of `chain` are there, where none is there without those before it: O(log blocks), so most are
   * not even looked at.
   */
  depthOf(chain: Uint32Array): number {
    let there = 0;
    let lacking = (chain.length >> 1) + 1;
    // The first block first, which prompts of another kind lack.
    let depth = 1;
    while (there + 1 < lacking) {
      const at = 2 * depth - 2;
      if (this.find(chain[at]!, chain[at + 1]!) === NO_PLACE) lacking = depth;
      else there = depth;
      depth = (there + lacking) >>> 1;
    }
    return there;
  }

  /** Puts in a block that is not there; its own words are what they were left at, at first 0. */
  add(low: number, high: number): number {
    if (this.#free === NO_PLACE && this.#used === this.#buckets.length) this.#grow();
    const place = this.#free === NO_PLACE ? this.#used++ : this.#free;
    const at = RECORD_WORDS * place;
    if (place === this.#free) this.#free = this.words[at + NEXT]!;
    this.words[at + LOW] = low;
    this.words[at + HIGH] = high;
    this.#link(place);
    this.#count++;
    return place;
  }

  remove(place: number): void {
    const { words } = this;
    const bucket = this.low(place) & (this.#buckets.length - 1);
    const after = words[RECORD_WORDS * place + NEXT]!;
    let before = NO_PLACE;
    for (let at = this.#buckets[bucket]!; at !== place; at = words[RECORD_WORDS * at + NEXT]!) before = at;
    if (before === NO_PLACE) this.#buckets[bucket] = after;
    else words[RECORD_WORDS * before + NEXT] = after;
    words[RECORD_WORDS * place + NEXT] = this.#free;
    // So that it is not found here any more by chance.
    words[RECORD_WORDS * place + LOW] = ~words[RECORD_WORDS * place + LOW]!;
    this.#free = place;
    this.#count--;
  }

  #link(place: number): void {
    const bucket = this.low(place) & (this.#buckets.length - 1);
    this.words[RECORD_WORDS * place + NEXT] = this.#buckets[bucket]!;
    this.#buckets[bucket] = place;
  }

  /** Only while no place is free, so that every place holds a block. */
  #grow(): void {
    const words = new Uint32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    this.#buckets = new Uint32Array(2 * this.#buckets.length).fill(NO_PLACE);
    for (let place = 0; place < this.#used; place++) this.#link(place);
  }
}
