/** Turns tokens into text as they come, holding back the bytes of a character until it is whole. */

export interface TextPiece {
  readonly text: string;
  readonly tokenCount: number;
}

/** A character has at most four bytes in UTF-8, so four tokens hold at least one whole character or will never be one. */
const MOST_TOKENS_HELD = 4;
/** What a decoder writes for bytes that are no character, or not yet. */
const REPLACEMENT = '\uFFFD';
/** How many earlier tokens the tokenizer sees, to decide about spaces between words. */
const TOKENS_BEFORE = 4;

export class TextAssembler<T extends number> {
  readonly #detokenize: (tokens: readonly T[], before: readonly T[]) => string;
  #before: readonly T[];
  #held: T[] = [];

  /** @param prompt the tokens that the text continues */
  constructor(detokenize: (tokens: readonly T[], before: readonly T[]) => string, prompt: readonly T[]) {
    this.#detokenize = detokenize;
    this.#before = prompt.slice(-TOKENS_BEFORE);
  }

  /** The text that this token completes; undefined while a character is not whole. */
  push(token: T): TextPiece | undefined {
    this.#held.push(token);
    const text = this.#detokenize(this.#held, this.#before);
    if (text.endsWith(REPLACEMENT) && this.#held.length < MOST_TOKENS_HELD) return undefined;
    return this.#emit(text);
  }

  /** What is still held when no more tokens come. */
  flush(): TextPiece | undefined {
    if (this.#held.length === 0) return undefined;
    return this.#emit(this.#detokenize(this.#held, this.#before));
  }

  #emit(text: string): TextPiece {
    const tokenCount = this.#held.length;
    this.#before = [...this.#before, ...this.#held].slice(-TOKENS_BEFORE);
    this.#held = [];
    return { text, tokenCount };
  }
}
