import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTITY_WORDS, PROMPT_BYTES_PER_TOKEN, promptSynthesizer } from './prompt-text.ts';
import type { TraceRequest } from './trace-request.ts';
import { WORDS } from './words.ts';

const BLOCK = 16;

function aRequest(given: Partial<TraceRequest>): TraceRequest {
  return { arrivalMs: 0, promptTokens: 40, outputTokens: 1, line: 1, ...given };
}

/** A request whose prompt is made of the blocks `ids`, the last of them `lastTokens` long. */
function ofBlocks(ids: readonly number[], lastTokens = BLOCK, line = 1): TraceRequest {
  const promptTokens = (ids.length - 1) * BLOCK + lastTokens;
  return aRequest({ promptTokens, prefixHashIds: ids, blockTokens: BLOCK, line });
}

const { promptText } = promptSynthesizer(1);

const bytes = (tokens: number): number => tokens * PROMPT_BYTES_PER_TOKEN;
const anId = fc.oneof(fc.nat(200_000), fc.maxSafeNat());
const blocks = fc.array(anId, { minLength: 1, maxLength: 6 });
const lastTokens = fc.integer({ min: 1, max: BLOCK });

describe('the words', () => {
  it('are 128 different ones of three letters, four bytes with their space', () => {
    expect(new Set(WORDS).size).toBe(128);
    expect(WORDS.filter((word) => !/^[a-z]{3}$/.test(word))).toEqual([]);
  });
});

describe('promptSynthesizer', () => {
  it('makes exactly as many words as the prompt has tokens', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (promptTokens) => {
        const text = promptText(aRequest({ promptTokens }));
        expect(new TextEncoder().encode(text)).toHaveLength(bytes(promptTokens));
        expect(
          text
            .split(' ')
            .slice(1)
            .every((word) => WORDS.includes(word)),
        ).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('sizes the last, partial block exactly', () => {
    fc.assert(
      fc.property(blocks, lastTokens, (ids, last) => {
        expect(promptText(ofBlocks(ids, last))).toHaveLength(bytes((ids.length - 1) * BLOCK + last));
      }),
    );
  });

  it('is the same text every time', () => {
    fc.assert(
      fc.property(blocks, lastTokens, fc.nat(), (ids, last, seed) => {
        const request = ofBlocks(ids, last);
        expect(promptSynthesizer(seed).promptText(request)).toBe(promptSynthesizer(seed).promptText(request));
      }),
    );
  });

  it('makes the same beginning of the same ids, whoever asks', () => {
    fc.assert(
      fc.property(blocks, blocks, blocks, (shared, left, right) => {
        const one = promptText(ofBlocks([...shared, ...left], BLOCK, 1));
        const other = promptText(ofBlocks([...shared, ...right], BLOCK, 2));
        const length = bytes(shared.length * BLOCK);
        expect(one.slice(0, length)).toBe(other.slice(0, length));
      }),
    );
  });

  it('makes different texts of different ids, in the first words of the block', () => {
    fc.assert(
      fc.property(blocks, anId, anId, (shared, left, right) => {
        fc.pre(left !== right);
        const from = bytes(shared.length * BLOCK);
        const until = from + bytes(IDENTITY_WORDS);
        const one = promptText(ofBlocks([...shared, left]));
        const other = promptText(ofBlocks([...shared, right]));
        expect(one.slice(from, until)).not.toBe(other.slice(from, until));
      }),
    );
  });

  it('makes different texts for different lines, and for an id that is the same number', () => {
    const own = (line: number): string => promptText(aRequest({ line, promptTokens: IDENTITY_WORDS }));
    expect(new Set(Array.from({ length: 2000 }, (_, line) => own(line))).size).toBe(2000);
    expect(own(5)).not.toBe(promptText(ofBlocks([5], IDENTITY_WORDS)));
  });

  it('gives what no id covers to the line alone', () => {
    const partly = { prefixHashIds: [3], blockTokens: BLOCK, promptTokens: BLOCK + 20 };
    const one = promptText(aRequest({ ...partly, line: 1 }));
    const other = promptText(aRequest({ ...partly, line: 2 }));
    expect(one).toHaveLength(bytes(BLOCK + 20));
    expect(one.slice(0, bytes(BLOCK))).toBe(other.slice(0, bytes(BLOCK)));
    expect(one.slice(bytes(BLOCK))).not.toBe(other.slice(bytes(BLOCK)));
  });

  it('keeps the shared beginning of a prompt that was cut short', () => {
    const whole = promptText(ofBlocks([1, 2, 3]));
    const cut = promptText({ ...ofBlocks([1, 2, 3]), promptTokens: BLOCK + 3 });
    expect(cut).toBe(whole.slice(0, bytes(BLOCK + 3)));
  });

  it('makes other texts with another seed', () => {
    const other = promptSynthesizer(2).promptText(ofBlocks([1]));
    expect(other.slice(0, bytes(IDENTITY_WORDS))).not.toBe(
      promptText(ofBlocks([1])).slice(0, bytes(IDENTITY_WORDS)),
    );
    expect(other.slice(bytes(IDENTITY_WORDS))).not.toBe(
      promptText(ofBlocks([1])).slice(bytes(IDENTITY_WORDS)),
    );
  });

  it('uses its whole vocabulary about evenly', () => {
    const words = promptText(aRequest({ promptTokens: 128 * 200 }))
      .split(' ')
      .slice(1);
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    expect(counts.size).toBe(128);
    expect(Math.min(...counts.values())).toBeGreaterThan(100);
    expect(Math.max(...counts.values())).toBeLessThan(300);
  });
});
