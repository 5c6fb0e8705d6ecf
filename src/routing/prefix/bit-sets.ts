/** Many sets of small numbers, as bits in one array. */

export class BitSets {
  #bits = new Uint32Array(0);
  /** Words of each set. */
  #words = 1;
  #count = 0;
  readonly #free: number[] = [];

  get bytes(): number {
    return this.#bits.byteLength;
  }

  /** An empty set; they are numbered from 1. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#count++;
    this.#makeRoom(this.#count * this.#words);
    return this.#count;
  }

  giveBack(set: number): void {
    const from = this.#from(set);
    this.#bits.fill(0, from, from + this.#words);
    this.#free.push(set);
  }

  has(set: number, member: number): boolean {
    if (member >>> 5 >= this.#words) return false;
    return (this.#bits[this.#from(set) + (member >>> 5)]! & (1 << (member & 31))) !== 0;
  }

  add(set: number, member: number): void {
    if (member >>> 5 >= this.#words) this.#widen(member);
    this.#bits[this.#from(set) + (member >>> 5)]! |= 1 << (member & 31);
  }

  delete(set: number, member: number): void {
    if (member >>> 5 < this.#words) this.#bits[this.#from(set) + (member >>> 5)]! &= ~(1 << (member & 31));
  }

  size(set: number): number {
    const from = this.#from(set);
    let size = 0;
    for (let w = from; w < from + this.#words; w++) {
      for (let left = this.#bits[w]!; left !== 0; left &= left - 1) size++;
    }
    return size;
  }

  members(set: number): number[] {
    const from = this.#from(set);
    const members: number[] = [];
    for (let w = 0; w < this.#words; w++) {
      for (let left = this.#bits[from + w]!; left !== 0; left &= left - 1) {
        members.push(32 * w + lowestBit(left));
      }
    }
    return members;
  }

  /** The set's words in `into`, or in a longer array where that is too short. */
  copy(set: number, into: Uint32Array): Uint32Array {
    const copy = into.length < this.#words ? new Uint32Array(this.#words) : into;
    const from = this.#from(set);
    for (let w = 0; w < this.#words; w++) copy[w] = this.#bits[from + w]!;
    return copy;
  }

  /** Leaves in `alive` only what is in the set as well, and writes `depth` to `depths[member]` for all that leaves. */
  keep(alive: Uint32Array, set: number, depth: number, depths: Uint32Array): void {
    const from = this.#from(set);
    for (let w = 0; w < this.#words; w++) {
      const before = alive[w]!;
      const stays = (before & this.#bits[from + w]!) >>> 0;
      if (stays === before) continue;
      for (let left = before & ~stays; left !== 0; left &= left - 1) {
        depths[32 * w + lowestBit(left)] = depth;
      }
      alive[w] = stays;
    }
  }

  #from(set: number): number {
    return (set - 1) * this.#words;
  }

  #makeRoom(words: number): void {
    if (words <= this.#bits.length) return;
    const longer = new Uint32Array(Math.max(64, 2 * words));
    longer.set(this.#bits);
    this.#bits = longer;
  }

  /** So that every set has a bit for `member`. */
  #widen(member: number): void {
    const words = 2 ** Math.ceil(Math.log2((member + 1) / 32));
    const wider = new Uint32Array(this.#count * words);
    for (let set = 0; set < this.#count; set++) {
      wider.set(this.#bits.subarray(set * this.#words, (set + 1) * this.#words), set * words);
    }
    this.#bits = wider;
    this.#words = words;
  }
}

/** The number of the lowest bit that is set in `word`, which is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
