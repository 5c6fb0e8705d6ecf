/** The moments of the latest events of one kind, to count those after a given moment. */

/** How many are remembered; more than happen on one instance while its metrics are being read. */
const REMEMBERED = 256;

export class EventTimes {
  readonly #timesMs = new Float64Array(REMEMBERED);
  #count = 0;

  add(atMs: number): void {
    this.#timesMs[this.#count++ % REMEMBERED] = atMs;
  }

  /** How many came after `atMs`; at most `REMEMBERED`. */
  countAfter(atMs: number): number {
    const known = Math.min(this.#count, REMEMBERED);
    let after = 0;
    while (after < known && this.#timesMs[(this.#count - 1 - after) % REMEMBERED]! > atMs) after++;
    return after;
  }
}
