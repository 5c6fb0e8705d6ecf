/** How much of each waiting prompt some instance holds, kept with the request: to ask the index at each look would cost too much. */

import type { PrefixKnowledge } from '../inputs.ts';
import type { OrderedRequest } from '../order.ts';
import type { Locality, SlackEntry } from '../slack-queue.ts';

/** A share that is looked at is asked for again when it is older than this, milliseconds. */
const KEPT_MS = 1_000;

/** A place in a queue, with what is known of its prompt. */
export interface SharedEntry extends SlackEntry {
  /** The share of the prompt that was held, 0 to 1; 0 where nobody keeps count. */
  heldShare: number;
  /** When that was asked, epoch milliseconds. */
  heldShareMs: number;
}

export class CachedShares implements Locality<SharedEntry> {
  readonly withinMs: number;
  readonly #mostCachedTokens: NonNullable<PrefixKnowledge['mostCachedTokens']>;
  /** One whose share is old, and when it was looked at. */
  #old: SharedEntry | undefined;
  #lookedAtMs = 0;

  constructor(mostCachedTokens: NonNullable<PrefixKnowledge['mostCachedTokens']>, withinMs: number) {
    this.#mostCachedTokens = mostCachedTokens;
    this.withinMs = withinMs;
  }

  of({ request }: OrderedRequest): number {
    return this.#mostCachedTokens(request) / Math.max(1, request.promptTokens);
  }

  /** As it was when it was asked for last. */
  shareOf(entry: SharedEntry, nowMs: number): number {
    if (nowMs - entry.heldShareMs >= KEPT_MS) {
      this.#old = entry;
      this.#lookedAtMs = nowMs;
    }
    return entry.heldShare;
  }

  /** Asks again for the share of one that was looked at and is old; to be called when no decision waits for it. */
  refresh(): void {
    const old = this.#old;
    if (old === undefined) return;
    this.#old = undefined;
    old.heldShare = this.of(old.waiting);
    old.heldShareMs = this.#lookedAtMs;
  }
}
