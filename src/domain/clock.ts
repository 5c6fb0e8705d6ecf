/** Time as something handed in, so that the same code runs live and in virtual time. */

export interface Clock {
  /** Epoch milliseconds; may have a fraction. Never goes backwards. */
  now(): number;
}

/** A clock that stands until it is moved; for tests and simulation. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Moves to `atMs`; a moment in the past is refused. */
  moveTo(atMs: number): void {
    if (!(atMs >= this.#nowMs)) throw new RangeError(`clock at ${this.#nowMs} ms cannot move to ${atMs} ms`);
    this.#nowMs = atMs;
  }

  advance(byMs: number): void {
    this.moveTo(this.#nowMs + byMs);
  }
}
