/** Makes prompts for recorded requests: of the right length, and with the same beginnings where the trace says so. */

import { seededRandom } from '../../domain/index.ts';
import type { TraceRequest } from './trace-request.ts';
import { WORD_BYTES, WORDS } from './words.ts';

/** Bytes per token by which gateways and simulated engines estimate the length of a text. */
export const PROMPT_BYTES_PER_TOKEN = WORD_BYTES;

/** Words at the beginning of a block that spell its id, seven bits each, and so tell any two blocks apart. */
export const IDENTITY_WORDS = 8;

export interface PromptSynthesizer {
  /**
   * A text of exactly `promptTokens` words of four bytes. Blocks with equal ids are equal word for word; blocks of at
   * least `IDENTITY_WORDS` words with different ids differ. What no id covers belongs to the request's line alone.
   */
  promptText(request: TraceRequest): string;
}

/** @param seed another seed makes other texts, which no engine has cached yet */
export function promptSynthesizer(seed: number): PromptSynthesizer {
  const mask = identityMask(seed);

  const block = (owner: Owner, id: number, words: number): string => {
    const identity = identityText(owner, id, mask, Math.min(words, IDENTITY_WORDS));
    return identity + randomText(mix(seed, owner, id), Math.max(0, words - IDENTITY_WORDS));
  };

  return {
    promptText({ promptTokens, prefixHashIds = [], blockTokens = 0, line }) {
      let text = '';
      let left = promptTokens;
      for (const id of prefixHashIds) {
        const words = Math.min(left, blockTokens);
        text += block(SHARED, id, words);
        left -= words;
      }
      return left > 0 ? text + block(OWN, line, left) : text;
    },
  };
}

/** Whose a block is: everybody's with that prefix id, or one line's. */
type Owner = typeof SHARED | typeof OWN;
const SHARED = 0;
const OWN = 1;

const SPACED_WORDS = WORDS.map((word) => ` ${word}`);
const WORD_PAIRS = SPACED_WORDS.flatMap((first) => SPACED_WORDS.map((second) => first + second));
const RADIX = WORDS.length;

function identityMask(seed: number): readonly number[] {
  const random = seededRandom(seed);
  return Array.from({ length: IDENTITY_WORDS }, () => Math.floor(random.next() * RADIX));
}

/** The digits of the id, lowest first: 53 bits fill seven words and half of the eighth, which also holds the owner. */
function identityText(owner: Owner, id: number, mask: readonly number[], words: number): string {
  let text = '';
  let rest = id;
  for (let place = 0; place < words; place += 1) {
    const digit = place === IDENTITY_WORDS - 1 ? rest + owner * (RADIX / 2) : rest % RADIX;
    text += SPACED_WORDS[digit ^ mask[place]!];
    rest = Math.floor(rest / RADIX);
  }
  return text;
}

/** Two words for each number drawn, because a 48 kB prompt takes 12,000 of them. */
function randomText(seed: number, words: number): string {
  const random = seededRandom(seed);
  let text = '';
  for (let pairs = words >> 1; pairs > 0; pairs -= 1) {
    text += WORD_PAIRS[Math.floor(random.next() * WORD_PAIRS.length)];
  }
  return words % 2 === 1 ? text + SPACED_WORDS[Math.floor(random.next() * RADIX)] : text;
}

/** A 32-bit seed that depends on every bit of its inputs (the finalizer of MurmurHash3 between them). */
function mix(seed: number, owner: Owner, id: number): number {
  const high = Math.floor(id / 2 ** 32);
  return [owner, high, id].reduce((mixed, value) => finalize(mixed ^ (value | 0)), finalize(seed | 0));
}

function finalize(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
