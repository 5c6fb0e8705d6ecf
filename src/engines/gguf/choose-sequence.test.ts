/** Which sequence a prompt goes to. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSequence, commonPrefixLength } from './choose-sequence.ts';

describe('the common prefix', () => {
  it.each([
    { left: [], right: [1], length: 0 },
    { left: [1, 2, 3], right: [1, 2, 4], length: 2 },
    { left: [1, 2], right: [1, 2, 3], length: 2 },
    { left: [2, 1], right: [1, 2], length: 0 },
  ])('of $left and $right has length $length', ({ left, right, length }) => {
    expect(commonPrefixLength(left, right)).toBe(length);
  });

  it('is common, and nothing longer is', () => {
    const tokens = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 });
    fc.assert(
      fc.property(tokens, tokens, (left, right) => {
        const length = commonPrefixLength(left, right);
        expect(left.slice(0, length)).toEqual(right.slice(0, length));
        const endsOne = length === left.length || length === right.length;
        expect(endsOne || left[length] !== right[length]).toBe(true);
      }),
    );
  });
});

describe('choosing a sequence', () => {
  const prompt = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

  it.each([
    { caches: [[], [1, 2, 3], [1, 2, 3, 4]], chosen: 2, because: 'it shares most' },
    {
      caches: [
        [1, 2, 3, 9],
        [1, 2, 3],
      ],
      chosen: 0,
      because: 'of equals the one longest unused',
    },
    { caches: [[7, 7], [1]], chosen: 0, because: 'one token in twenty is not worth losing a fresher cache' },
    {
      caches: [
        [7, 7],
        [1, 2],
      ],
      chosen: 1,
      because: 'a tenth of the prompt is',
    },
    { caches: [[], []], chosen: 0, because: 'nothing is cached' },
  ])('takes $chosen from $caches: $because', ({ caches, chosen }) => {
    expect(chooseSequence(caches, prompt)).toBe(chosen);
  });
});
