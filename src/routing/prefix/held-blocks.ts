/** The blocks that one instance holds, least recently used first to go. */

import { BlockTable, NO_PLACE, OWN_WORDS, RECORD_WORDS } from './block-table.ts';

/** A record's own words. */
const NEWER = OWN_WORDS;
const OLDER = OWN_WORDS + 1;
const TOKENS = OWN_WORDS + 2;

/** Told of each block that goes. */
export type OnEvicted = (low: number, high: number) => void;

export class HeldBlocks {
  readonly #table = new BlockTable();
  #newest = NO_PLACE;
  #oldest = NO_PLACE;
  #tokens = 0;
  #touched = NO_PLACE;

  get count(): number {
    return this.#table.count;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  /** How many of the first blocks of `chain` are held; an instance holds no block without those before it. */
  depthOf(chain: Uint32Array): number {
    return this.#table.depthOf(chain);
  }

  /** Makes a block of `tokens` tokens, a whole number, the newest; returns whether it was not there before. */
  touch(low: number, high: number, tokens: number): boolean {
    let place = this.#table.findNear(low, high, this.#touched);
    const isNew = place === NO_PLACE;
    if (isNew) {
      place = this.#table.add(low, high);
      this.#table.words[RECORD_WORDS * place + TOKENS] = tokens;
      this.#tokens += tokens;
    } else {
      if (place === this.#newest) return false;
      this.#unlink(place);
    }
    const { words } = this.#table;
    words[RECORD_WORDS * place + OLDER] = this.#newest;
    words[RECORD_WORDS * place + NEWER] = NO_PLACE;
    if (this.#newest === NO_PLACE) this.#oldest = place;
    else words[RECORD_WORDS * this.#newest + NEWER] = place;
    this.#newest = place;
    this.#touched = place;
    return isNew;
  }

  /** Lets the oldest go until no more than `maxBlocks` and `maxTokens` are held. */
  shrinkTo(maxBlocks: number, maxTokens: number, onEvicted: OnEvicted): void {
    while (this.count > 0 && (this.count > maxBlocks || this.#tokens > maxTokens)) {
      const place = this.#oldest;
      const low = this.#table.low(place);
      const high = this.#table.high(place);
      this.#unlink(place);
      this.#tokens -= this.#table.words[RECORD_WORDS * place + TOKENS]!;
      this.#table.remove(place);
      onEvicted(low, high);
    }
  }

  #unlink(place: number): void {
    const { words } = this.#table;
    const newer = words[RECORD_WORDS * place + NEWER]!;
    const older = words[RECORD_WORDS * place + OLDER]!;
    if (newer === NO_PLACE) this.#newest = older;
    else words[RECORD_WORDS * newer + OLDER] = older;
    if (older === NO_PLACE) this.#oldest = newer;
    else words[RECORD_WORDS * older + NEWER] = newer;
  }
}
