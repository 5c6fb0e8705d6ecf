/** What one instance is busy with, reconstructed from dispatches, first tokens and ends. */

import { type DecodeMix, prefillPairs } from '../online/work-of.ts';
import type { Flight, LoadTotals } from './flight.ts';

/** Memory of the rate at which prompts come in, milliseconds. */
const RATE_MEMORY_MS = 10_000;
const TPOT_WEIGHT = 0.1;
/** However long the prompt at the head has been computed, this much of it is still taken to lie ahead. */
const LEAST_REMAINDER = 0.05;

/**
 * Prompts are taken to be computed in the order of dispatch. An answer that comes in one piece shows no first token: it is
 * taken to have come when it was foretold, or when one dispatched later had its own.
 */
export class InstanceLoad {
  /** In order of dispatch. */
  readonly #prefilling = new Map<string, Flight>();
  readonly #decoding = new Set<Flight>();
  #queuedTokens = 0;
  #queuedPairs = 0;
  /** Of those that generate: prompt tokens, and the sum of the times of their first tokens. */
  #promptTokens = 0;
  #firstTokensMs = 0;
  #lastFirstTokenMs = Number.NEGATIVE_INFINITY;
  #tpotMs: number | undefined;
  #prefillRate = 0;
  #settledMs = Number.NEGATIVE_INFINITY;
  #totals: LoadTotals = {
    atMs: 0,
    decodingMs: 0,
    kvTokenMs: 0,
    prompts: 0,
    prefillTokens: 0,
    prefillPairs: 0,
  };

  get decodingRequests(): number {
    return this.#decoding.size;
  }

  get prefillingRequests(): number {
    return this.#prefilling.size;
  }

  /** Prompt tokens computed per second, lately. */
  prefillTokensPerSecond(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#settledMs);
    return this.#prefillRate * Math.exp(-elapsedMs / RATE_MEMORY_MS) * 1000;
  }

  /** Tokens of KV that those who generate hold: their prompts, and what they have generated at the pace seen lately. */
  kvTokens(nowMs: number): number {
    const generatingMs = this.#decoding.size * nowMs - this.#firstTokensMs;
    const generated = this.#tpotMs === undefined ? 0 : Math.max(0, generatingMs) / this.#tpotMs;
    return this.#promptTokens + generated;
  }

  /**
   * Prompt tokens still to be computed, with their pairs, less what the one at the head has behind it.
   * @param msPerToken what a prompt token takes there
   */
  queued(nowMs: number, msPerToken: number): { readonly tokens: number; readonly pairs: number } {
    const head = this.#prefilling.values().next().value;
    if (head === undefined) return { tokens: 0, pairs: 0 };
    const sinceMs = nowMs - Math.max(head.dispatchedMs, this.#lastFirstTokenMs);
    const size = head.facts.uncachedTokens;
    const done = Math.min(size * (1 - LEAST_REMAINDER), Math.max(0, sinceMs) / msPerToken);
    const pairs = prefillPairs(done, head.facts.cachedTokens);
    return { tokens: this.#queuedTokens - done, pairs: Math.max(0, this.#queuedPairs - pairs) };
  }

  dispatched(flight: Flight): void {
    this.settle(flight.dispatchedMs);
    this.#prefilling.set(flight.request.id, flight);
    this.#queue(flight, 1);
  }

  firstToken(flight: Flight, nowMs: number): void {
    this.settle(nowMs);
    for (const earlier of this.#prefilling.values()) {
      if (earlier === flight) break;
      if (!earlier.request.stream) this.#beginDecoding(earlier, nowMs);
    }
    this.#beginDecoding(flight, nowMs);
  }

  /** It is over, well or not. */
  ended(flight: Flight, nowMs: number): void {
    this.settle(nowMs);
    if (this.#prefilling.delete(flight.request.id)) this.#queue(flight, -1);
    if (!this.#decoding.delete(flight)) return;
    this.#promptTokens -= flight.request.promptTokens;
    this.#firstTokensMs -= flight.atFirstToken!.atMs;
  }

  sawTpot(tpotMs: number): void {
    this.#tpotMs = this.#tpotMs === undefined ? tpotMs : this.#tpotMs + TPOT_WEIGHT * (tpotMs - this.#tpotMs);
  }

  /** What happened between the first token of `flight` and now, for the `steps` steps it took. */
  mixSince({ atMs, ...before }: LoadTotals, steps: number): DecodeMix {
    const after = this.#totals;
    const elapsedMs = Math.max(after.atMs - atMs, Number.MIN_VALUE);
    const isInstant = after.atMs <= atMs;
    return {
      steps,
      decodingRequests: isInstant ? 1 : Math.max(1, (after.decodingMs - before.decodingMs) / elapsedMs),
      kvTokens: isInstant ? 0 : (after.kvTokenMs - before.kvTokenMs) / elapsedMs,
      prompts: after.prompts - before.prompts,
      prefillTokens: after.prefillTokens - before.prefillTokens,
      prefillPairs: after.prefillPairs - before.prefillPairs,
    };
  }

  /** Brings the totals up to `nowMs`, the first tokens that nobody saw included. */
  settle(nowMs: number): void {
    for (const head of this.#prefilling.values()) {
      const expectedMs = head.dispatchedMs + head.ttft.mean;
      if (head.request.stream || expectedMs > nowMs) break;
      this.#beginDecoding(head, Math.max(expectedMs, this.#settledMs));
    }
    this.#integrateTo(nowMs);
  }

  #beginDecoding(flight: Flight, atMs: number): void {
    if (!this.#prefilling.delete(flight.request.id)) return;
    this.#integrateTo(atMs);
    this.#queue(flight, -1);
    const { uncachedTokens, cachedTokens } = flight.facts;
    this.#totals = {
      ...this.#totals,
      prompts: this.#totals.prompts + 1,
      prefillTokens: this.#totals.prefillTokens + uncachedTokens,
      prefillPairs: this.#totals.prefillPairs + prefillPairs(uncachedTokens, cachedTokens),
    };
    this.#prefillRate += uncachedTokens / RATE_MEMORY_MS;
    flight.atFirstToken = this.#totals;
    this.#decoding.add(flight);
    this.#promptTokens += flight.request.promptTokens;
    this.#firstTokensMs += atMs;
    this.#lastFirstTokenMs = atMs;
  }

  #queue({ facts: { uncachedTokens, cachedTokens } }: Flight, sign: 1 | -1): void {
    this.#queuedTokens += sign * uncachedTokens;
    this.#queuedPairs += sign * prefillPairs(uncachedTokens, cachedTokens);
  }

  #integrateTo(atMs: number): void {
    const elapsedMs = atMs - this.#settledMs;
    if (!(elapsedMs > 0)) return;
    if (Number.isFinite(elapsedMs)) {
      const meanKv = (this.kvTokens(this.#settledMs) + this.kvTokens(atMs)) / 2;
      this.#totals = {
        ...this.#totals,
        atMs,
        decodingMs: this.#totals.decodingMs + this.#decoding.size * elapsedMs,
        kvTokenMs: this.#totals.kvTokenMs + meanKv * elapsedMs,
      };
      this.#prefillRate *= Math.exp(-elapsedMs / RATE_MEMORY_MS);
    } else {
      this.#totals = { ...this.#totals, atMs };
    }
    this.#settledMs = atMs;
  }
}
