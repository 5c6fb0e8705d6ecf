/** How many keys lie below one, from a sorted copy that is renewed at most once a second however many ask. */

const FRESH_MS = 1_000;

export class SortedKeys {
  #keys: Float64Array = new Float64Array(0);
  #atMs = Number.NEGATIVE_INFINITY;

  /** As of up to a second ago. @param current the keys in any order; sorted in place */
  countBelow(key: number, nowMs: number, current: () => Float64Array): number {
    if (nowMs - this.#atMs >= FRESH_MS) {
      this.#keys = current().sort();
      this.#atMs = nowMs;
    }
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
