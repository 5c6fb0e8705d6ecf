/** What a body tells the scheduler, whatever form it came in. */

import type { ByteSpan } from '../../../routing/index.ts';

/** Where the model's name lies in the body, so that an alias can put another there. */
export interface ModelPlace {
  readonly start: number;
  readonly end: number;
  /** The bytes that name a model in this form. */
  readonly encode: (model: string) => Uint8Array;
}

export interface BodyFacts {
  readonly model: string;
  readonly modelPlace: ModelPlace;
  readonly stream: boolean;
  /** `stream_options.include_usage` */
  readonly wantsUsage: boolean;
  readonly promptTokens: number;
  /** Whether `promptTokens` is a guess; a prompt of token ids is counted exactly. */
  readonly promptTokensEstimated: boolean;
  readonly promptText?: string;
  /** Where the prompt lies in the body; none in a form. */
  readonly promptSpans: readonly ByteSpan[];
  readonly maxTokens?: number;
  readonly user?: string;
  /** vLLM's priority: the lower, the sooner. */
  readonly enginePriority?: number;
}

/** The body with another model's name; every other byte is as it came. */
export function withModel(body: Uint8Array, place: ModelPlace, model: string): Uint8Array {
  return Buffer.concat([body.subarray(0, place.start), place.encode(model), body.subarray(place.end)]);
}
