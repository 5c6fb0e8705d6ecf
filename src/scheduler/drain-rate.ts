/** How many requests per second leave the instances lately, as an exponentially decaying average. */

/** Time constant of the average, milliseconds: an event's weight falls to 1/e in this time. */
const TIME_CONSTANT_MS = 10_000;

export class DrainRate {
  #weight = 0;
  #atMs = Number.NEGATIVE_INFINITY;
  #firstMs: number | undefined;

  /** Counts one departure. */
  count(nowMs: number): void {
    this.#firstMs ??= nowMs;
    this.#weight = this.#decayed(nowMs) + 1;
    this.#atMs = nowMs;
  }

  perSecond(nowMs: number): number {
    if (this.#firstMs === undefined) return 0;
    // Early on, only a part of the window has been observed; a second at least, so that one departure is no rate of thousands.
    const observedMs = Math.max(1_000, nowMs - this.#firstMs);
    const coveredMs = TIME_CONSTANT_MS * (1 - Math.exp(-observedMs / TIME_CONSTANT_MS));
    return (this.#decayed(nowMs) * 1_000) / coveredMs;
  }

  #decayed(nowMs: number): number {
    return this.#weight * Math.exp(-(nowMs - this.#atMs) / TIME_CONSTANT_MS);
  }
}

/** Bounds of what a caller is told to wait, milliseconds. */
export const MIN_RETRY_AFTER_MS = 1_000;
export const MAX_RETRY_AFTER_MS = 60_000;
/** What a caller is told while nothing has left yet, so that there is no rate to tell from: clients really wait that long. */
export const UNKNOWN_RETRY_AFTER_MS = 5_000;

/** When `ahead` requests will have left at `perSecond`, within bounds that make sense to a caller. */
export function retryAfterMs(ahead: number, perSecond: number): number {
  if (perSecond === 0) return UNKNOWN_RETRY_AFTER_MS;
  const waitMs = (ahead / perSecond) * 1_000;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(MIN_RETRY_AFTER_MS, Math.round(waitMs)));
}
