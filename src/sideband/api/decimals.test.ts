import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixed, inText, roundTo } from './decimals.ts';

describe('rounding', () => {
  it.each([
    [53.846153846, 2, 53.85],
    [0.125, 2, 0.12],
    [0.375, 2, 0.38],
    [-0.125, 2, -0.12],
    [2.5, 0, 2],
    [3.5, 0, 4],
    [1.005, 2, 1],
    [100, 4, 100],
    [0, 2, 0],
  ])('takes %d to %d decimals as %d', (value, digits, expected) => {
    expect(roundTo(value, digits)).toBe(expected);
  });

  it('is never further off than half of the last place', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        fc.integer({ min: 0, max: 6 }),
        (value, digits) => {
          expect(Math.abs(roundTo(value, digits) - value)).toBeLessThanOrEqual(0.5000001 * 10 ** -digits);
        },
      ),
    );
  });

  it('writes all decimals', () => {
    expect([0.75, 0, -3, 0.00004, 0.03125].map((value) => fixed(value, 4))).toEqual([
      '0.7500',
      '0.0000',
      '-3.0000',
      '0.0000',
      '0.0312',
    ]);
  });
});

describe('a number in a sentence', () => {
  it.each([
    [50, '50.0'],
    [8.8889, '8.8889'],
    [0, '0.0'],
  ])('%d is written %s', (value, expected) => {
    expect(inText(value)).toBe(expected);
  });
});
