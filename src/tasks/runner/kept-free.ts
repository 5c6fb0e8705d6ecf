/**
 * How many slots of each engine tasks leave free for what is more urgent: more each time something urgent is seen waiting, and fewer
 * again with time. So tasks fill what interactive traffic leaves, and make room before its next burst instead of during it.
 */

/** Of a window, each time. */
const GROWTH = 1 / 8;
/** Not more often than this, however often somebody looks. */
const GROWS_EVERY_MS = 100;
/** A whole window is given back in this time. */
const GIVEN_BACK_MS = 60_000;

interface Kept {
  slots: number;
  /** When they were last counted. */
  atMs: number;
  grewAtMs: number;
}

export class KeptFree {
  readonly #byInstance = new Map<string, Kept>();

  /** @param isUrgentWaiting whether something waits for such an instance that goes before tasks */
  slots(instanceId: string, window: number, isUrgentWaiting: boolean, nowMs: number): number {
    const kept = this.#byInstance.get(instanceId) ?? {
      slots: 0,
      atMs: nowMs,
      grewAtMs: Number.NEGATIVE_INFINITY,
    };
    kept.slots = Math.max(0, kept.slots - (window * (nowMs - kept.atMs)) / GIVEN_BACK_MS);
    kept.atMs = nowMs;
    if (isUrgentWaiting && nowMs - kept.grewAtMs >= GROWS_EVERY_MS) {
      kept.slots = Math.min(window, kept.slots + Math.max(1, window * GROWTH));
      kept.grewAtMs = nowMs;
    }
    if (kept.slots > 0) this.#byInstance.set(instanceId, kept);
    else this.#byInstance.delete(instanceId);
    return Math.ceil(kept.slots);
  }
}
