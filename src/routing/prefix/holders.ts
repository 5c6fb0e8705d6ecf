/** Who holds each block: up to four holders are listed beside it, more are a bit set, so that a walk never visits them singly. */

import { BitSets, lowestBit } from './bit-sets.ts';
import { BlockTable, NO_PLACE, OWN_WORDS, RECORD_WORDS } from './block-table.ts';

/** A record's own words: the number of its bit set from 1, 0 while its holders are listed; then two words of four slots. */
const SET = OWN_WORDS;
const LIST = OWN_WORDS + 1;
const LISTED = 4;
/** In a list: no slot. Slots are kept as themselves plus one, so that a fresh record is an empty list. */
const NOBODY = 0;
/** Slots must stay below this. */
export const MAX_HOLDERS = 0xffff;

export class Holders {
  readonly #table = new BlockTable();
  /** The table's words as half words, for lists. */
  #halves = new Uint16Array(this.#table.words.buffer);
  readonly #sets = new BitSets();
  /** While a walk goes on: who held every block so far, as bits or, once that few are left, as a list. */
  #alive: Uint32Array = new Uint32Array(1);
  readonly #few: number[] = [];

  /** Distinct blocks that somebody holds. */
  get count(): number {
    return this.#table.count;
  }

  get bytes(): number {
    return this.#table.bytes + this.#sets.bytes;
  }

  /** How many of the first blocks of `chain` somebody holds, where nobody holds a block without those before it. */
  depthOf(chain: Uint32Array): number {
    return this.#table.depthOf(chain);
  }

  add(low: number, high: number, slot: number): void {
    let place = this.#table.find(low, high);
    if (place === NO_PLACE) {
      place = this.#table.add(low, high);
      if (this.#halves.buffer !== this.#table.words.buffer) {
        this.#halves = new Uint16Array(this.#table.words.buffer);
      }
    }
    const set = this.#setOf(place);
    if (set !== 0) this.#sets.add(set, slot);
    else this.#list(place, slot);
  }

  remove(low: number, high: number, slot: number): void {
    const place = this.#table.find(low, high);
    if (place === NO_PLACE) return;
    const set = this.#setOf(place);
    const left = set === 0 ? this.#unlist(place, slot) : this.#leaveSet(place, set, slot);
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
    let place = NO_PLACE;
    for (; depth < count; depth++) {
      place = this.#table.findNear(chain[2 * depth]!, chain[2 * depth + 1]!, place);
      if (place === NO_PLACE) break;
      const set = this.#setOf(place);
      if (depth === 0) isList = this.#begin(place, set);
      else if (isList) this.#keepFew(place, set, depth, depths);
      else if (set === 0) isList = this.#fewOfMany(place, depth, depths);
      else this.#sets.keep(this.#alive, set, depth, depths);
      if (isList && this.#few.length === 0) return;
    }
    if (depth === 0) return;
    if (isList) for (const slot of this.#few) depths[slot] = depth;
    else writeAll(this.#alive, depth, depths);
  }

  #setOf(place: number): number {
    return this.#table.words[RECORD_WORDS * place + SET]!;
  }

  #begin(place: number, set: number): boolean {
    this.#few.length = 0;
    if (set !== 0) {
      this.#alive = this.#sets.copy(set, this.#alive);
      return false;
    }
    const from = listOf(place);
    for (let i = from; i < from + LISTED; i++) {
      if (this.#halves[i] !== NOBODY) this.#few.push(this.#halves[i]! - 1);
    }
    return true;
  }

  #fewOfMany(place: number, depth: number, depths: Uint32Array): boolean {
    const alive = this.#alive;
    this.#few.length = 0;
    const from = listOf(place);
    for (let i = from; i < from + LISTED; i++) {
      const slot = this.#halves[i]! - 1;
      if (slot < 0 || slot >>> 5 >= alive.length || (alive[slot >>> 5]! & (1 << (slot & 31))) === 0) continue;
      this.#few.push(slot);
      alive[slot >>> 5]! &= ~(1 << (slot & 31));
    }
    writeAll(alive, depth, depths);
    return true;
  }

  #keepFew(place: number, set: number, depth: number, depths: Uint32Array): void {
    const few = this.#few;
    let kept = 0;
    for (let i = 0; i < few.length; i++) {
      const slot = few[i]!;
      if (set === 0 ? this.#isListed(place, slot) : this.#sets.has(set, slot)) few[kept++] = slot;
      else depths[slot] = depth;
    }
    few.length = kept;
  }

  #isListed(place: number, slot: number): boolean {
    const from = listOf(place);
    for (let i = from; i < from + LISTED; i++) if (this.#halves[i] === slot + 1) return true;
    return false;
  }

  #list(place: number, slot: number): void {
    const from = listOf(place);
    let free = -1;
    for (let i = from; i < from + LISTED; i++) {
      if (this.#halves[i] === slot + 1) return;
      if (this.#halves[i] === NOBODY) free = i;
    }
    if (free >= 0) this.#halves[free] = slot + 1;
    else this.#makeSet(place, slot);
  }

  #makeSet(place: number, slot: number): void {
    const set = this.#sets.take();
    const from = listOf(place);
    for (let i = from; i < from + LISTED; i++) {
      this.#sets.add(set, this.#halves[i]! - 1);
      this.#halves[i] = NOBODY;
    }
    this.#sets.add(set, slot);
    this.#table.words[RECORD_WORDS * place + SET] = set;
  }

  /** Returns how many are left. */
  #unlist(place: number, slot: number): number {
    const from = listOf(place);
    let left = 0;
    for (let i = from; i < from + LISTED; i++) {
      if (this.#halves[i] === slot + 1) this.#halves[i] = NOBODY;
      else if (this.#halves[i] !== NOBODY) left++;
    }
    return left;
  }

  /** Returns how many are left; with fewer than a list holds, the set becomes one. */
  #leaveSet(place: number, set: number, slot: number): number {
    this.#sets.delete(set, slot);
    const left = this.#sets.size(set);
    if (left >= LISTED) return left;
    this.#table.words[RECORD_WORDS * place + SET] = 0;
    let at = listOf(place);
    for (const other of this.#sets.members(set)) this.#halves[at++] = other + 1;
    this.#sets.giveBack(set);
    return left;
  }
}

/** Where a place's list begins among the half words. */
const listOf = (place: number): number => 2 * (RECORD_WORDS * place + LIST);

/** Writes `depth` for each slot whose bit is set. */
function writeAll(bits: Uint32Array, depth: number, depths: Uint32Array): void {
  for (let w = 0; w < bits.length; w++) {
    for (let left = bits[w]!; left !== 0; left &= left - 1) depths[32 * w + lowestBit(left)] = depth;
  }
}
