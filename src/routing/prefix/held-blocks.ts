/** The blocks that one instance holds, least recently used first to go. */

import { BlockTable, lengthened } from './block-table.ts';

const NOBODY = -1;

/** Told of each block that goes. */
export type OnEvicted = (low: number, high: number) => void;

export class HeldBlocks {
  readonly #table = new BlockTable();
  #newer = new Int32Array(this.#table.places);
  #older = new Int32Array(this.#table.places);
  #tokensOf = new Float32Array(this.#table.places);
  #newest = NOBODY;
  #oldest = NOBODY;
  #tokens = 0;

  get count(): number {
    return this.#table.count;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get bytes(): number {
    return this.#table.bytes + 12 * this.#table.places;
  }

  /** Makes a block the newest; returns whether it was not there before. */
  touch(low: number, high: number, tokens: number): boolean {
    let place = this.#table.find(low, high);
    const isNew = place === NOBODY;
    if (isNew) {
      place = this.#table.add(low, high);
      this.#makeRoom();
      this.#tokensOf[place] = tokens;
      this.#tokens += this.#tokensOf[place]!;
    } else {
      if (place === this.#newest) return false;
      this.#unlink(place);
    }
    this.#older[place] = this.#newest;
    this.#newer[place] = NOBODY;
    if (this.#newest === NOBODY) this.#oldest = place;
    else this.#newer[this.#newest] = place;
    this.#newest = place;
    return isNew;
  }

  /** Lets the oldest go until no more than `maxBlocks` and `maxTokens` are held. */
  shrinkTo(maxBlocks: number, maxTokens: number, onEvicted: OnEvicted): void {
    while (this.#oldest !== NOBODY && (this.count > maxBlocks || this.#tokens > maxTokens)) {
      const place = this.#oldest;
      this.#unlink(place);
      this.#tokens = this.#newest === NOBODY ? 0 : this.#tokens - this.#tokensOf[place]!;
      const low = this.#table.low(place);
      const high = this.#table.high(place);
      this.#table.remove(place);
      onEvicted(low, high);
    }
  }

  #unlink(place: number): void {
    const newer = this.#newer[place]!;
    const older = this.#older[place]!;
    if (newer === NOBODY) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NOBODY) this.#oldest = newer;
    else this.#newer[older] = newer;
  }

  #makeRoom(): void {
    const { places } = this.#table;
    if (this.#newer.length === places) return;
    this.#newer = lengthened(this.#newer, new Int32Array(places));
    this.#older = lengthened(this.#older, new Int32Array(places));
    this.#tokensOf = lengthened(this.#tokensOf, new Float32Array(places));
  }
}
