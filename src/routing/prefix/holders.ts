/** Who holds each block: up to four holders are listed beside it, more are a bit set, so that a walk never visits them singly. */

import { BlockTable, lengthened } from './block-table.ts';

const LISTED = 4;
const NOBODY = 0xffff;
const NO_SET = -1;
/** Slots must stay below this. */
export const MAX_HOLDERS = NOBODY;

export class Holders {
  readonly #table = new BlockTable();
  #listed = new Uint16Array(LISTED * this.#table.places).fill(NOBODY);
  #setOf = new Int32Array(this.#table.places).fill(NO_SET);
  /** Bit sets one after the other, each of `#words` words. */
  #bits = new Uint32Array(0);
  #words = 1;
  #setCount = 0;
  readonly #freeSets: number[] = [];
  /** While a walk goes on: who held every block so far, as bits or, once that few are left, as a list. */
  #alive = new Uint32Array(1);
  readonly #few: number[] = [];

  /** Distinct blocks that somebody holds. */
  get count(): number {
    return this.#table.count;
  }

  get bytes(): number {
    return this.#table.bytes + this.#listed.byteLength + this.#setOf.byteLength + this.#bits.byteLength;
  }

  add(low: number, high: number, slot: number): void {
    let place = this.#table.find(low, high);
    if (place < 0) place = this.#newPlace(low, high);
    if (slot >= 32 * this.#words) this.#widen(slot);
    const set = this.#setOf[place]!;
    if (set !== NO_SET) this.#setBit(set, slot);
    else this.#list(place, slot);
  }

  remove(low: number, high: number, slot: number): void {
    const place = this.#table.find(low, high);
    if (place < 0) return;
    const set = this.#setOf[place]!;
    const left = set === NO_SET ? this.#unlist(place, slot) : this.#clearBit(place, set, slot);
    if (left === 0) this.#table.remove(place);
  }

  /**
   * Writes to `depths[slot]` how many of the first blocks of `chain` the slot holds without a gap; slots that hold none are not
   * written. O(blocks · slots / 32 + holders).
   */
  walk(chain: Uint32Array, depths: Uint32Array): void {
    const count = chain.length >> 1;
    let isList = false;
    let depth = 0;
    for (; depth < count; depth++) {
      const place = this.#table.find(chain[2 * depth]!, chain[2 * depth + 1]!);
      if (place < 0) break;
      const set = this.#setOf[place]!;
      if (depth === 0) isList = this.#begin(place, set);
      else if (isList) this.#keepFew(place, set, depth, depths);
      else if (set === NO_SET) isList = this.#fewOfMany(place, depth, depths);
      else this.#keepMany(set, depth, depths);
      if (isList && this.#few.length === 0) return;
    }
    if (depth === 0) return;
    if (isList) for (const slot of this.#few) depths[slot] = depth;
    else for (let w = 0; w < this.#words; w++) writeBits(this.#alive[w]!, w, depth, depths);
  }

  #begin(place: number, set: number): boolean {
    this.#few.length = 0;
    if (set === NO_SET) {
      for (let i = LISTED * place; i < LISTED * (place + 1); i++) {
        if (this.#listed[i] !== NOBODY) this.#few.push(this.#listed[i]!);
      }
      return true;
    }
    const from = set * this.#words;
    for (let w = 0; w < this.#words; w++) this.#alive[w] = this.#bits[from + w]!;
    return false;
  }

  #keepMany(set: number, depth: number, depths: Uint32Array): void {
    const from = set * this.#words;
    for (let w = 0; w < this.#words; w++) {
      const before = this.#alive[w]!;
      const left = (before & this.#bits[from + w]!) >>> 0;
      if (left === before) continue;
      writeBits(before & ~left, w, depth, depths);
      this.#alive[w] = left;
    }
  }

  #fewOfMany(place: number, depth: number, depths: Uint32Array): boolean {
    this.#few.length = 0;
    for (let i = LISTED * place; i < LISTED * (place + 1); i++) {
      const slot = this.#listed[i]!;
      if (slot === NOBODY || (this.#alive[slot >>> 5]! & (1 << (slot & 31))) === 0) continue;
      this.#few.push(slot);
      this.#alive[slot >>> 5]! &= ~(1 << (slot & 31));
    }
    for (let w = 0; w < this.#words; w++) writeBits(this.#alive[w]!, w, depth, depths);
    return true;
  }

  #keepFew(place: number, set: number, depth: number, depths: Uint32Array): void {
    const few = this.#few;
    let kept = 0;
    for (let i = 0; i < few.length; i++) {
      const slot = few[i]!;
      if (this.#holds(place, set, slot)) few[kept++] = slot;
      else depths[slot] = depth;
    }
    few.length = kept;
  }

  #holds(place: number, set: number, slot: number): boolean {
    if (set !== NO_SET) return (this.#bits[set * this.#words + (slot >>> 5)]! & (1 << (slot & 31))) !== 0;
    for (let i = LISTED * place; i < LISTED * (place + 1); i++) if (this.#listed[i] === slot) return true;
    return false;
  }

  #newPlace(low: number, high: number): number {
    const place = this.#table.add(low, high);
    const { places } = this.#table;
    if (this.#setOf.length < places) {
      this.#listed = lengthened(this.#listed, new Uint16Array(LISTED * places).fill(NOBODY));
      this.#setOf = lengthened(this.#setOf, new Int32Array(places).fill(NO_SET));
    }
    return place;
  }

  #list(place: number, slot: number): void {
    const from = LISTED * place;
    let free = -1;
    for (let i = from; i < from + LISTED; i++) {
      if (this.#listed[i] === slot) return;
      if (this.#listed[i] === NOBODY) free = i;
    }
    if (free >= 0) {
      this.#listed[free] = slot;
      return;
    }
    const set = this.#newSet();
    this.#setOf[place] = set;
    for (let i = from; i < from + LISTED; i++) {
      this.#setBit(set, this.#listed[i]!);
      this.#listed[i] = NOBODY;
    }
    this.#setBit(set, slot);
  }

  /** Returns how many are left. */
  #unlist(place: number, slot: number): number {
    let left = 0;
    for (let i = LISTED * place; i < LISTED * (place + 1); i++) {
      if (this.#listed[i] === slot) this.#listed[i] = NOBODY;
      else if (this.#listed[i] !== NOBODY) left++;
    }
    return left;
  }

  /** Returns how many are left; a set that could be listed becomes a list. */
  #clearBit(place: number, set: number, slot: number): number {
    const from = set * this.#words;
    this.#bits[from + (slot >>> 5)]! &= ~(1 << (slot & 31));
    let left = 0;
    for (let w = 0; w < this.#words; w++) left += countBits(this.#bits[from + w]!);
    if (left >= LISTED) return left;
    let at = LISTED * place;
    for (let w = 0; w < this.#words; w++) {
      for (let bits = this.#bits[from + w]!; bits !== 0; bits &= bits - 1) {
        this.#listed[at++] = 32 * w + (31 - Math.clz32(bits & -bits));
      }
    }
    this.#bits.fill(0, from, from + this.#words);
    this.#setOf[place] = NO_SET;
    this.#freeSets.push(set);
    return left;
  }

  #setBit(set: number, slot: number): void {
    this.#bits[set * this.#words + (slot >>> 5)]! |= 1 << (slot & 31);
  }

  #newSet(): number {
    const free = this.#freeSets.pop();
    if (free !== undefined) return free;
    const needed = (this.#setCount + 1) * this.#words;
    if (needed > this.#bits.length) {
      this.#bits = lengthened(this.#bits, new Uint32Array(Math.max(64, 2 * needed)));
    }
    return this.#setCount++;
  }

  /** So that every set has a bit for `slot`. */
  #widen(slot: number): void {
    const words = 2 ** Math.ceil(Math.log2((slot + 1) / 32));
    const wider = new Uint32Array(this.#setCount * words);
    for (let set = 0; set < this.#setCount; set++) {
      wider.set(this.#bits.subarray(set * this.#words, (set + 1) * this.#words), set * words);
    }
    this.#bits = wider;
    this.#words = words;
    this.#alive = new Uint32Array(words);
  }
}

/** Writes `depth` for the slot of each bit of word `w`. */
function writeBits(bits: number, w: number, depth: number, depths: Uint32Array): void {
  for (let left = bits; left !== 0; left &= left - 1) {
    depths[32 * w + (31 - Math.clz32(left & -left))] = depth;
  }
}

function countBits(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
