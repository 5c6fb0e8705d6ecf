/** The sums of our requests' work at one instance, kept exact by each dispatch, first token and end. */

import type { InstanceWork } from '../domain/index.ts';
import type { Flight } from './in-flight.ts';

/** What a request adds to them. */
type Prompt = Pick<Flight, 'request' | 'cachedTokens'>;

export class PromptWork implements InstanceWork {
  uncachedTokens = 0;
  pairs = 0;
  headUncachedTokens = 0;
  headPairs = 0;
  headSinceMs = 0;
  decodingRequests = 0;
  decodingKvTokens = 0;
  kvTokens = 0;
  /** In the order of their dispatch, which is the order in which engines compute them. */
  readonly #prefilling = new Set<Flight>();

  begin(flight: Flight, nowMs: number): void {
    this.uncachedTokens += uncachedTokensOf(flight);
    this.pairs += pairsOf(flight);
    this.kvTokens += flight.request.promptTokens;
    this.#prefilling.add(flight);
    if (this.#prefilling.size === 1) this.#setHead(flight, nowMs);
  }

  /** Its prompt is computed; it generates until its end. */
  endPrefill(flight: Flight, nowMs: number): void {
    const wasHead = this.#head() === flight;
    if (!this.#prefilling.delete(flight)) return;
    this.uncachedTokens -= uncachedTokensOf(flight);
    this.pairs -= pairsOf(flight);
    this.decodingRequests++;
    this.decodingKvTokens += flight.request.promptTokens;
    if (wasHead) this.#setHead(this.#head(), nowMs);
  }

  /** To be called after `endPrefill`. */
  end(flight: Flight): void {
    this.decodingRequests--;
    this.decodingKvTokens -= flight.request.promptTokens;
    this.kvTokens -= flight.request.promptTokens;
  }

  /** Requests whose answer is not streamed that went there before `flight`, their prompts not known to be computed. */
  unstreamedBefore(flight: Flight): readonly Flight[] {
    const earlier: Flight[] = [];
    for (const other of this.#prefilling) {
      if (other === flight) break;
      if (!other.request.stream) earlier.push(other);
    }
    return earlier;
  }

  #head(): Flight | undefined {
    return this.#prefilling.values().next().value;
  }

  #setHead(flight: Flight | undefined, nowMs: number): void {
    this.headUncachedTokens = flight === undefined ? 0 : uncachedTokensOf(flight);
    this.headPairs = flight === undefined ? 0 : pairsOf(flight);
    this.headSinceMs = nowMs;
  }
}

/** Engines compute at least the last token of a prompt, however much of it they hold. */
export function uncachedTokensOf({ request, cachedTokens }: Prompt): number {
  return Math.max(1, request.promptTokens - cachedTokens);
}

/** Each of u uncached tokens attends to what is cached, h, and on average to half of the u: u·(h + u/2). */
export function pairsOf(prompt: Prompt): number {
  const uncached = uncachedTokensOf(prompt);
  return uncached * (Math.max(0, prompt.request.promptTokens - uncached) + uncached / 2);
}
