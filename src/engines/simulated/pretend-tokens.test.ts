import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countTokens, textOfTokenIds, tokenIdsOf } from './pretend-tokens.ts';

describe('pretended tokens', () => {
  it.each([
    [0, 1],
    [1, 1],
    [4, 1],
    [5, 2],
    [4000, 1000],
  ])('of %d characters are %d', (characters, count) => {
    expect(countTokens('x'.repeat(characters))).toBe(count);
  });

  it('are as many as ids', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (text) => {
        expect(tokenIdsOf(text)).toHaveLength(countTokens(text));
      }),
    );
  });

  it('keep their ids when the text goes on', () => {
    const before = tokenIdsOf('the quick brown fox ');
    expect(tokenIdsOf('the quick brown fox jumps').slice(0, 5)).toEqual(before);
  });

  it('have ids within the vocabulary', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const id of tokenIdsOf(text)) expect(Number.isInteger(id) && id >= 0 && id < 128_000).toBe(true);
      }),
    );
  });

  it('turn ids into as many tokens of text, different ids into different text', () => {
    const id = fc.nat(127_999);
    fc.assert(
      fc.property(fc.array(id, { minLength: 1 }), id, (ids, other) => {
        expect(countTokens(textOfTokenIds(ids))).toBe(ids.length);
        expect(textOfTokenIds([other]) === textOfTokenIds([ids[0]!])).toBe(other === ids[0]);
      }),
    );
  });
});
