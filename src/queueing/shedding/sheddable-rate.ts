/** Lets in fewer of those that may be shed while there is too much, and more again as that passes: AIMD, as TCP does. */

/** Too much must last so long before anybody is turned away for it. */
const PATIENCE_MS = 2_000;
/** How often the share is cut at most, and by what. */
const CUT_EVERY_MS = 1_000;
const CUT = 0.8;
/** By how much it grows each second otherwise. */
const GROWTH_PER_SECOND = 0.02;
/** A few are always let in, or nobody would ever see that it is over. */
const LEAST = 0.01;

export class SheddableRate {
  #share = 1;
  #aboveSinceMs: number | undefined;
  #cutMs = Number.NEGATIVE_INFINITY;
  #observedMs: number | undefined;
  /** What has been saved up towards the next that is let in. */
  #credit = 0;

  /** Share of the sheddable requests that are let in. */
  get share(): number {
    return this.#share;
  }

  /** @param saturation what is asked of the fleet as a share of what it can do */
  observe(saturation: number, nowMs: number): void {
    const sinceMs = nowMs - (this.#observedMs ?? nowMs);
    this.#observedMs = nowMs;
    if (saturation <= 1) {
      this.#aboveSinceMs = undefined;
      this.#share = Math.min(1, this.#share + (GROWTH_PER_SECOND * sinceMs) / 1_000);
      return;
    }
    this.#aboveSinceMs ??= nowMs;
    if (nowMs - this.#aboveSinceMs < PATIENCE_MS || nowMs - this.#cutMs < CUT_EVERY_MS) return;
    this.#cutMs = nowMs;
    this.#share = Math.max(LEAST, this.#share * CUT);
  }

  /** Whether the next one may enter; spread evenly rather than by chance, so that the same events have the same result. */
  mayEnter(): boolean {
    this.#credit += this.#share;
    if (this.#credit < 1 - 1e-9) return false;
    this.#credit -= 1;
    return true;
  }
}
