import { describe, expect, it } from 'vitest';
import { aRequest } from './__fixtures__/profiles.ts';
import { createSequence, footprintTokens, isDecoding, knownTokens, uncomputedTokens } from './sequence.ts';

/** A sequence of 16 prompt tokens in this state. */
function aSequence(computedTokens: number, emittedTokens: number) {
  return { ...createSequence(aRequest({ id: 'a' })), computedTokens, emittedTokens };
}

describe('a sequence', () => {
  it.each([
    ['new', 0, 0, 16, 16, false],
    ['in the middle of its prompt', 10, 0, 16, 6, false],
    ['one token before the end of its prompt', 15, 0, 16, 1, false],
    ['with its first token', 16, 1, 17, 1, true],
    ['some tokens later', 25, 10, 26, 1, true],
    ['starting over after a preemption', 0, 10, 26, 26, false],
    ['starting over with a cached prefix', 16, 10, 26, 10, false],
  ])(
    '%s (%d computed, %d emitted) knows %d tokens, has %d to compute, decodes: %s',
    (_, computed, emitted, known, left, decodes) => {
      const sequence = aSequence(computed, emitted);
      expect(knownTokens(sequence)).toBe(known);
      expect(uncomputedTokens(sequence)).toBe(left);
      expect(isDecoding(sequence)).toBe(decodes);
    },
  );

  it('begins with nothing computed, emitted or held, and without keys shares nothing', () => {
    expect(createSequence(aRequest({ id: 'a' }))).toMatchObject({
      computedTokens: 0,
      emittedTokens: 0,
      sharedBlocks: 0,
      blocks: [],
      blockKeys: [],
      wasAdmitted: false,
      isCancelled: false,
    });
  });

  it.each([
    [16, 1, 16],
    [16, 4, 19],
    [1, 1, 1],
  ])(
    'of %d tokens in and %d out leaves %d in the cache: the last one is never computed',
    (promptTokens, outputTokens, tokens) => {
      expect(footprintTokens(aRequest({ id: 'a', promptTokens, outputTokens }))).toBe(tokens);
    },
  );
});
