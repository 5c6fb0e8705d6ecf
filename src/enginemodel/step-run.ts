/** A run of engine steps with an unchanged batch, whose every end time is known in closed form. */

/**
 * `k` steps of a decode batch take `k·base + growth·k(k−1)/2`. Ends are always computed from the run's start, never
 * added up, so that a caller's choice of when to look cannot change a timestamp.
 */
export class StepRun {
  readonly startMs: number;
  readonly #baseMs: number;
  readonly #growthMs: number;
  #steps: number;

  constructor(startMs: number, baseMs: number, growthMs: number, steps: number) {
    this.startMs = startMs;
    this.#baseMs = baseMs;
    this.#growthMs = growthMs;
    this.#steps = steps;
  }

  get steps(): number {
    return this.#steps;
  }

  get endMs(): number {
    return this.endOfStepMs(this.#steps);
  }

  /** When step `count` (from 1) ends. */
  endOfStepMs(count: number): number {
    return this.startMs + count * this.#baseMs + (this.#growthMs * count * (count - 1)) / 2;
  }

  /** How many steps have ended at `atMs`, a step that ends right then included. */
  stepsEndedBy(atMs: number): number {
    let count = Math.min(this.#steps, Math.max(0, Math.floor(this.#solve(atMs - this.startMs))));
    while (count < this.#steps && this.endOfStepMs(count + 1) <= atMs) count++;
    while (count > 0 && this.endOfStepMs(count) > atMs) count--;
    return count;
  }

  /** How many steps have ended before `atMs`. */
  stepsEndedBefore(atMs: number): number {
    const count = this.stepsEndedBy(atMs);
    return count > 0 && this.endOfStepMs(count) === atMs ? count - 1 : count;
  }

  /** Ends the run after `count` steps, if it would have gone on for longer. */
  cutAfter(count: number): void {
    this.#steps = Math.min(this.#steps, count);
  }

  /** The real-valued number of steps in `elapsedMs`; rounding is put right by the caller. */
  #solve(elapsedMs: number): number {
    if (elapsedMs <= 0) return 0;
    const half = this.#growthMs / 2;
    if (half === 0) return elapsedMs / this.#baseMs;
    const linear = this.#baseMs - half;
    return (2 * elapsedMs) / (linear + Math.sqrt(linear * linear + 4 * half * elapsedMs));
  }
}
