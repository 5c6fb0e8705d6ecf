import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reasonPairs, toHeaderText } from './reason-header.ts';

const decision = { reason: 'best of 2: load 0.75 × 1' };
const NOT_READ = {
  get reason(): string {
    throw new Error('the reason was put into words for nobody');
  },
};
const ASKS = { 'x-signalbox-explain': '1' };

describe('the header with the reason', () => {
  it('comes on request', () => {
    expect(reasonPairs('on-request', ASKS, decision)).toEqual([
      'x-signalbox-reason',
      'best of 2: load 0.75 x 1',
    ]);
    for (const value of ['0', 'yes', '', ['1', '1']]) {
      expect(reasonPairs('on-request', { 'x-signalbox-explain': value }, NOT_READ)).toEqual([]);
    }
    expect(reasonPairs('on-request', {}, NOT_READ)).toEqual([]);
  });

  it('comes always or never where it is so configured', () => {
    expect(reasonPairs('always', {}, decision)).toHaveLength(2);
    expect(reasonPairs('off', ASKS, NOT_READ)).toEqual([]);
  });

  it('does not come for a request that was sent nowhere', () => {
    expect(reasonPairs('always', ASKS, undefined)).toEqual([]);
  });
});

describe('a reason as the text of a header', () => {
  it.each([
    ['load 0.75 × 1 (2·3 µs ± 1)', 'load 0.75 x 1 (2*3 us +- 1)'],
    ['two\r\nlines\tand  spaces ', 'two lines and spaces'],
    ['Zürich 🚂', 'Z?rich ?'],
    ['a\u0000b\u007f', 'a?b?'],
  ])('for %j is %j', (reason, text) => {
    expect(toHeaderText(reason)).toBe(text);
  });

  it('keeps what fits, and says when something is left out', () => {
    expect(toHeaderText('x'.repeat(500))).toBe('x'.repeat(500));
    expect(toHeaderText('x'.repeat(501))).toBe(`${'x'.repeat(497)}...`);
    expect(toHeaderText('…'.repeat(300))).toHaveLength(500);
  });

  it('is printable ASCII of at most 500 characters, whatever the reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (reason) => {
        expect(toHeaderText(reason)).toMatch(/^[\x20-\x7e]{0,500}$/);
      }),
    );
  });
});
