/** A hash table from 64-bit block hashes to small places, on typed arrays: no object, no string per block. */

const NOBODY = -1;
const SMALLEST = 64;

export class BlockTable {
  #low: Uint32Array;
  #high: Uint32Array;
  /** The next place in the same bucket, or in the list of free places. */
  #next: Int32Array;
  /** Per bucket its first place; as many buckets as places. */
  #buckets: Int32Array;
  #free = NOBODY;
  #used = 0;
  #count = 0;

  constructor(places = SMALLEST) {
    this.#low = new Uint32Array(places);
    this.#high = new Uint32Array(places);
    this.#next = new Int32Array(places);
    this.#buckets = new Int32Array(places).fill(NOBODY);
  }

  /** Blocks in it. */
  get count(): number {
    return this.#count;
  }

  /** Every place is below this; arrays beside the table need that length. */
  get places(): number {
    return this.#low.length;
  }

  get bytes(): number {
    return 16 * this.places;
  }

  low(place: number): number {
    return this.#low[place]!;
  }

  high(place: number): number {
    return this.#high[place]!;
  }

  /** The block's place, or −1. */
  find(low: number, high: number): number {
    let place = this.#buckets[low & (this.#buckets.length - 1)]!;
    while (place !== NOBODY && (this.#low[place] !== low || this.#high[place] !== high))
      place = this.#next[place]!;
    return place;
  }

  /** Puts in a block that is not there. */
  add(low: number, high: number): number {
    if (this.#free === NOBODY && this.#used === this.places) this.#grow();
    let place = this.#free;
    if (place === NOBODY) place = this.#used++;
    else this.#free = this.#next[place]!;
    this.#low[place] = low;
    this.#high[place] = high;
    this.#link(place);
    this.#count++;
    return place;
  }

  remove(place: number): void {
    const bucket = this.#low[place]! & (this.#buckets.length - 1);
    let before = NOBODY;
    for (let at = this.#buckets[bucket]!; at !== place; at = this.#next[at]!) before = at;
    if (before === NOBODY) this.#buckets[bucket] = this.#next[place]!;
    else this.#next[before] = this.#next[place]!;
    this.#next[place] = this.#free;
    this.#free = place;
    this.#count--;
  }

  #link(place: number): void {
    const bucket = this.#low[place]! & (this.#buckets.length - 1);
    this.#next[place] = this.#buckets[bucket]!;
    this.#buckets[bucket] = place;
  }

  /** Only while no place is free, so that every place holds a block. */
  #grow(): void {
    const places = 2 * this.places;
    this.#low = lengthened(this.#low, new Uint32Array(places));
    this.#high = lengthened(this.#high, new Uint32Array(places));
    this.#next = new Int32Array(places);
    this.#buckets = new Int32Array(places).fill(NOBODY);
    for (let place = 0; place < this.#used; place++) this.#link(place);
  }
}

/** `longer`, beginning with what `array` holds. */
export function lengthened<A extends Uint32Array | Int32Array | Uint16Array | Float32Array>(
  array: A,
  longer: A,
): A {
  longer.set(array);
  return longer;
}
