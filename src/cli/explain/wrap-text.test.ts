import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrapText } from './wrap-text.ts';

describe('wrapping a text', () => {
  it('breaks between words', () => {
    expect(wrapText('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
    expect(wrapText('the quick brown fox', 100)).toEqual(['the quick brown fox']);
    expect(wrapText('', 10)).toEqual(['']);
  });

  it('breaks a word that is longer than a line', () => {
    expect(wrapText('id 0123456789abc end', 5)).toEqual(['id', '01234', '56789', 'abc', 'end']);
  });

  it('loses nothing and keeps to the width, for any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (text, width) => {
        const lines = wrapText(text, width);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
      }),
    );
  });
});
