/** Keeps retries a share of traffic, so that a fleet in trouble is not buried under them (Finagle's retry budget). */

/** Retries that a quiet gateway may spend at once, and the most that a busy one may save up. */
const RESERVE = 10;
const MOST_SAVED = 100;
/** Retries per second that are always affordable. */
const TRICKLE_PER_SECOND = 1;

export class RetryBudget {
  readonly #share: number;
  #saved = RESERVE;
  #atMs: number | undefined;

  /** @param share retries earned by each arriving request, 0 to 1 */
  constructor(share: number) {
    this.#share = share;
  }

  arrival(): void {
    this.#saved = Math.min(MOST_SAVED, this.#saved + this.#share);
  }

  /** Spends one retry, or says that there is none left. */
  trySpend(nowMs: number): boolean {
    this.#trickle(nowMs);
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }

  #trickle(nowMs: number): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (this.#share > 0 && this.#saved < RESERVE) {
      this.#saved = Math.min(RESERVE, this.#saved + (elapsedMs / 1_000) * TRICKLE_PER_SECOND);
    }
  }
}
