/** One request inside the engine model. */

/** What is submitted: lengths are exact, the content only matters for sharing. */
export interface ModelRequest {
  readonly id: string;
  readonly promptTokens: number;
  /** How many tokens it will generate; a real engine learns this as it goes, the model is told. */
  readonly outputTokens: number;
  /** Keys of the sequence's leading full blocks (see `block-keys.ts`), the answer's too if known; none: nothing is shared. */
  readonly blockKeys?: ArrayLike<number>;
}

export interface Sequence extends ModelRequest {
  readonly blockKeys: ArrayLike<number>;
  readonly blocks: number[];
  /** Tokens whose KV is in `blocks`. */
  computedTokens: number;
  emittedTokens: number;
  /** Leading blocks that are findable by others. */
  sharedBlocks: number;
  /** Prompt tokens found in the cache at the first admission. */
  cachedTokens: number;
  wasAdmitted: boolean;
  isCancelled: boolean;
}

export function createSequence(request: ModelRequest): Sequence {
  return {
    id: request.id,
    promptTokens: request.promptTokens,
    outputTokens: request.outputTokens,
    blockKeys: request.blockKeys ?? [],
    blocks: [],
    computedTokens: 0,
    emittedTokens: 0,
    sharedBlocks: 0,
    cachedTokens: 0,
    wasAdmitted: false,
    isCancelled: false,
  };
}

/** Tokens that exist so far: the prompt and what was generated. The newest one is not computed yet while decoding. */
export function knownTokens(sequence: Sequence): number {
  return sequence.promptTokens + sequence.emittedTokens;
}

export function uncomputedTokens(sequence: Sequence): number {
  return knownTokens(sequence) - sequence.computedTokens;
}

/** Whether its next step computes just the token it emitted last. */
export function isDecoding(sequence: Sequence): boolean {
  return sequence.emittedTokens > 0 && uncomputedTokens(sequence) === 1;
}

/** Tokens in the KV cache when the last token has been emitted: the last one itself is never computed. */
export function footprintTokens(request: ModelRequest): number {
  return request.promptTokens + request.outputTokens - 1;
}
