/** Barks when nothing has come for too long; a sign of life costs one reading of the clock and no timer. */

export class Watchdog {
  readonly #onSilence: (limitMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #limitMs = 0;
  #lastSignMs = 0;

  constructor(onSilence: (limitMs: number) => void) {
    this.#onSilence = onSilence;
  }

  /** Watches from now on, with this limit in place of any other. */
  start(limitMs: number): void {
    this.stop();
    this.#limitMs = limitMs;
    this.#lastSignMs = performance.now();
    this.#watch(limitMs);
  }

  signOfLife(): void {
    this.#lastSignMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(forMs: number): void {
    this.#timer = setTimeout(() => this.#look(), forMs);
  }

  #look(): void {
    const silentMs = performance.now() - this.#lastSignMs;
    // Timers may fire a fraction of a millisecond early.
    if (silentMs >= this.#limitMs - 1) {
      this.#timer = undefined;
      this.#onSilence(this.#limitMs);
    } else {
      this.#watch(this.#limitMs - silentMs);
    }
  }
}
