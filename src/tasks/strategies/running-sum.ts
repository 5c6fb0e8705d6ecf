/** A sum that numbers are added to and taken from again without drifting away from what is left. */

/**
 * Carries what rounding loses in a second number (T. J. Dekker 1971, "double-double"): 106 bits, so that after billions of
 * additions the sum is still the sum of what is in it, to the last digits of a single number.
 */
export class RunningSum {
  #high = 0;
  #low = 0;

  get value(): number {
    return this.#high + this.#low;
  }

  /** @param amount below zero to take away */
  add(amount: number): void {
    const sum = this.#high + amount;
    const added = sum - this.#high;
    const lost = this.#high - (sum - added) + (amount - added);
    const low = this.#low + lost;
    this.#high = sum + low;
    this.#low = low - (this.#high - sum);
  }

  clear(): void {
    this.#high = 0;
    this.#low = 0;
  }
}
