/** A prompt as a chain of block hashes: two prompts share their first k hashes exactly where they share their first k blocks. */

/** Bytes per block: about 128 tokens of English. Half a block is lost where two prompts part, on average. */
export const PREFIX_BLOCK_BYTES = 512;
/** Blocks of one prompt that count: 1 MiB, about 260,000 tokens. What comes after is not told apart. */
export const MAX_PREFIX_BLOCKS = 2_048;

/** A stretch of bytes, `to` excluded. */
export interface ByteSpan {
  readonly from: number;
  readonly to: number;
}

export interface PrefixBlockOptions {
  readonly blockBytes?: number;
  readonly maxBlocks?: number;
  /** What else must be the same for the KV cache to be of use: names of model and adapter. */
  readonly salt?: string;
}

/** What a request carries of its prefix. */
export interface PromptPrefix {
  readonly prefixBlocks: Uint32Array;
  readonly prefixBlockTokens: number;
}

/**
 * The chain over `spans` of `bytes`, one after the other. The last span's incomplete block is left out, because the
 * conversation's next turn goes on in it; the other spans are complete, so what is left of them is a block of its own.
 * @returns two 32-bit halves per block
 */
export function prefixBlocksOfSpans(
  bytes: Uint8Array,
  spans: readonly ByteSpan[],
  options: PrefixBlockOptions = {},
): Uint32Array {
  const { blockBytes = PREFIX_BLOCK_BYTES, maxBlocks = MAX_PREFIX_BLOCKS, salt = '' } = options;
  const chain = new HashChain(Math.min(maxBlocks, blocksIn(spans, blockBytes)), salt);
  spans.forEach(({ from, to }, i) => {
    let at = from;
    for (; at + blockBytes <= to; at += blockBytes) if (!chain.add(bytes, at, at + blockBytes)) return;
    if (i < spans.length - 1 && at < to) chain.add(bytes, at, to);
  });
  return chain.hashes();
}

/** The chain over the bytes from `from` up to `to`. */
export function prefixBlocksOfBytes(
  bytes: Uint8Array,
  from: number,
  to: number,
  options?: PrefixBlockOptions,
): Uint32Array {
  return prefixBlocksOfSpans(bytes, [{ from, to }], options);
}

/** The chain over numbers that stand for blocks already, as traces have them. */
export function prefixBlocksOfIds(ids: readonly number[], salt = ''): Uint32Array {
  const chain = new HashChain(ids.length, salt);
  for (const id of ids) chain.addWords(id | 0, Math.floor(id / 2 ** 32) | 0);
  return chain.hashes();
}

/** What a request of `promptTokens` tokens, whose prompt is `spans` of `bytes`, carries of its prefix. */
export function promptPrefixOf(
  bytes: Uint8Array,
  spans: readonly ByteSpan[],
  promptTokens: number,
  options: PrefixBlockOptions = {},
): PromptPrefix {
  const { blockBytes = PREFIX_BLOCK_BYTES } = options;
  const promptBytes = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    prefixBlocks: prefixBlocksOfSpans(bytes, spans, options),
    prefixBlockTokens: promptBytes === 0 ? 0 : (promptTokens * blockBytes) / promptBytes,
  };
}

/** At most that many: each span but the last may end with a part of a block. */
function blocksIn(spans: readonly ByteSpan[], blockBytes: number): number {
  return spans.reduce((sum, { from, to }) => sum + Math.ceil(Math.max(0, to - from) / blockBytes), 0);
}

/**
 * Two lanes of 32 bits, each mixing every word with its own odd constants (the first as in MurmurHash3 by Austin Appleby, public
 * domain). A hash that is meant to be met by chance only: whoever makes two prompts collide only misroutes his own.
 */
class HashChain {
  readonly #hashes: Uint32Array;
  #count = 0;
  #a = 0x9747b28c;
  #b = 0x3c6ef372;

  constructor(maxBlocks: number, salt: string) {
    this.#hashes = new Uint32Array(2 * maxBlocks);
    for (let i = 0; i < salt.length; i++) this.#mix(salt.charCodeAt(i));
  }

  /** Returns whether there was room for one more block. */
  add(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#count === this.#hashes.length) return false;
    let a = this.#a;
    let b = this.#b;
    const wordsEnd = from + ((to - from) & ~3);
    let at = from;
    for (; at < wordsEnd; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      a = mixA(a, word);
      b = mixB(b, word);
    }
    this.#a = a;
    this.#b = b;
    for (; at < to; at++) this.#mix(bytes[at]!);
    this.#endBlock(to - from);
    return true;
  }

  addWords(first: number, second: number): void {
    this.#mix(first);
    this.#mix(second);
    this.#endBlock(8);
  }

  hashes(): Uint32Array {
    return this.#count === this.#hashes.length ? this.#hashes : this.#hashes.slice(0, this.#count);
  }

  #mix(word: number): void {
    this.#a = mixA(this.#a, word);
    this.#b = mixB(this.#b, word);
  }

  #endBlock(length: number): void {
    this.#mix(length);
    this.#hashes[this.#count++] = finish(this.#a);
    this.#hashes[this.#count++] = finish(this.#b ^ Math.imul(this.#a, 0x2c1b3c6d));
  }
}

function mixA(lane: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  const turned = lane ^ mixed;
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}

function mixB(lane: number, word: number): number {
  const turned = Math.imul(lane ^ word, 0x9e3779b1);
  return (((turned << 17) | (turned >>> 15)) + 0x85ebca77) | 0;
}

/** Each bit of the lane reaches each bit of the result. */
function finish(lane: number): number {
  let hash = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
