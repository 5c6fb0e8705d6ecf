/** The sums of our requests' work at one instance, kept exact by each dispatch, first token and end. */

import type { InstanceWork, RequestMetadata } from '../domain/index.ts';

/** What a request adds to them. */
export interface DispatchedPrompt {
  readonly request: RequestMetadata;
  /** Prompt tokens that the instance was expected to hold when the request went there. */
  readonly cachedTokens: number;
}

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
  readonly #prefilling = new Set<DispatchedPrompt>();

  begin(prompt: DispatchedPrompt, nowMs: number): void {
    this.uncachedTokens += uncachedTokensOf(prompt);
    this.pairs += pairsOf(prompt);
    this.kvTokens += prompt.request.promptTokens;
    this.#prefilling.add(prompt);
    if (this.#prefilling.size === 1) this.#setHead(prompt, nowMs);
  }

  /** Its prompt is computed; it generates until its end. */
  endPrefill(prompt: DispatchedPrompt, nowMs: number): void {
    const wasHead = this.#head() === prompt;
    if (!this.#prefilling.delete(prompt)) return;
    this.uncachedTokens -= uncachedTokensOf(prompt);
    this.pairs -= pairsOf(prompt);
    this.decodingRequests++;
    this.decodingKvTokens += prompt.request.promptTokens;
    if (wasHead) this.#setHead(this.#head(), nowMs);
  }

  /** To be called after `endPrefill`. */
  end(prompt: DispatchedPrompt): void {
    this.decodingRequests--;
    this.decodingKvTokens -= prompt.request.promptTokens;
    this.kvTokens -= prompt.request.promptTokens;
  }

  /** Ids of requests whose answer is not streamed that went there before `prompt`, theirs not known to be computed. */
  unstreamedBefore(prompt: DispatchedPrompt): readonly string[] {
    const earlier: string[] = [];
    for (const other of this.#prefilling) {
      if (other === prompt) break;
      if (!other.request.stream) earlier.push(other.request.id);
    }
    return earlier;
  }

  #head(): DispatchedPrompt | undefined {
    return this.#prefilling.values().next().value;
  }

  #setHead(prompt: DispatchedPrompt | undefined, nowMs: number): void {
    this.headUncachedTokens = prompt === undefined ? 0 : uncachedTokensOf(prompt);
    this.headPairs = prompt === undefined ? 0 : pairsOf(prompt);
    this.headSinceMs = nowMs;
  }
}

/** Engines compute at least the last token of a prompt, however much of it they hold. */
export function uncachedTokensOf({ request, cachedTokens }: DispatchedPrompt): number {
  return Math.max(1, request.promptTokens - cachedTokens);
}

/** Each of u uncached tokens attends to what is cached, h, and on average to half of the u: u·(h + u/2). */
export function pairsOf(prompt: DispatchedPrompt): number {
  const uncached = uncachedTokensOf(prompt);
  return uncached * (Math.max(0, prompt.request.promptTokens - uncached) + uncached / 2);
}
