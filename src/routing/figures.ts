/** One number per view, for parts that need more than their scores' own arrays. */

import type { InstanceView, RequestMetadata } from '../domain/index.ts';
import type { RoutingInputs } from './plugins.ts';

/** An array that is as long as it must be, kept from one decision to the next. */
export class Figures {
  #array = new Float64Array(16);

  of(count: number): Float64Array {
    if (this.#array.length < count) this.#array = new Float64Array(2 ** Math.ceil(Math.log2(count)));
    return this.#array;
  }
}

/** Prompt tokens of a request that each view's instance holds; 0 where there is no prefix index. */
export class CachedTokens {
  readonly #figures = new Figures();

  of(request: RequestMetadata, views: readonly InstanceView[], { prefixes }: RoutingInputs): Float64Array {
    const tokens = this.#figures.of(views.length);
    if (prefixes === undefined) tokens.fill(0, 0, views.length);
    else prefixes.cachedTokensOfAll(request, views, tokens);
    return tokens;
  }
}

/** Engines compute at least the last token of a prompt, however much of it they hold. */
export function uncachedTokens(request: RequestMetadata, cachedTokens: number): number {
  return Math.max(1, request.promptTokens - cachedTokens);
}
