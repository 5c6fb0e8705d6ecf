/** Model time: the wall clock at another speed, which may change while it runs. */

export class ScaledClock {
  #baseWallMs: number;
  #baseModelMs = 0;
  #rate: number;

  constructor(rate: number, wallMs = performance.now()) {
    this.#rate = rate;
    this.#baseWallMs = wallMs;
  }

  now(wallMs = performance.now()): number {
    return this.#baseModelMs + (wallMs - this.#baseWallMs) * this.#rate;
  }

  /** From now on model time passes `rate` times as fast as the wall clock's; nothing jumps. */
  setRate(rate: number, wallMs = performance.now()): void {
    this.#baseModelMs = this.now(wallMs);
    this.#baseWallMs = wallMs;
    this.#rate = rate;
  }

  /** How long the wall clock takes until model time is `modelMs`. */
  wallMsUntil(modelMs: number, wallMs = performance.now()): number {
    return (modelMs - this.now(wallMs)) / this.#rate;
  }
}
