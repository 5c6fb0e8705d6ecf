import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { add, compare, decimalOf, multiply } from './exact-decimal.ts';
import { chancesOf, chooseWeighted } from './weighted-choice.ts';

describe('the weighted choice', () => {
  it.each<[number[], number, number | undefined]>([
    [[0.75, 0.25, 0.5], 0.25, 0],
    [[0.75, 0.25, 0.5], 0.5, 1],
    [[0.75, 0.25, 0.5], 1, 2],
    [[0, 0.4, 0.4], 0, 1],
    [[-3, 0.4], 0, 1],
    [[0, 0], 0.5, undefined],
    [[], 0.5, undefined],
    [[Number.NaN, 1], 0.9, 1],
    [[5e-324, 5e-324], 0.5, 1],
    [[1e-300, 1], 1e-18, 1],
    [[Number.POSITIVE_INFINITY, 1], 0.5, 0],
  ])('of %j with the draw %d is %s', (scores, draw, expected) => {
    expect(chooseWeighted(scores, draw)).toBe(expected);
  });

  it('puts a draw that is written on a boundary behind it, where sums of doubles would not', () => {
    const scores = new Array<number>(10).fill(0.1);
    expect(0.1 + 0.1 + 0.1).toBeGreaterThan(0.3);
    expect(chooseWeighted(scores, 0.3)).toBe(3);
    expect(chooseWeighted([0.1, 0.2, 0.3], 0.5)).toBe(2);
  });

  it('takes each as often as its chance says', () => {
    const random = seededRandom(11);
    const scores = [0.2, 0, 0.5, 0.3, -1];
    const counts = scores.map(() => 0);
    for (let round = 0; round < 20_000; round++) counts[chooseWeighted(scores, random.next())!]!++;
    const chances = chancesOf(scores);
    for (const [i, count] of counts.entries())
      expect(Math.abs(count / 20_000 - chances[i]!)).toBeLessThan(0.02);
  });

  it('agrees with plain sums wherever rounding cannot decide', () => {
    const score = fc.double({ min: 0.01, max: 1, noNaN: true });
    const draw = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(score, { minLength: 2, maxLength: 20 }), draw, (scores, at) => {
        const total = scores.reduce((sum, value) => sum + value, 0);
        const ends = scores.map(
          (_, i) => scores.slice(0, i + 1).reduce((sum, value) => sum + value, 0) / total,
        );
        fc.pre(ends.every((end) => Math.abs(end - at) > 1e-6));
        expect(chooseWeighted(scores, at)).toBe(ends.findIndex((end) => at < end));
      }),
    );
  });

  it('gives chances that add up to 1', () => {
    expect(chancesOf([1, 0, 3, -2])).toEqual([0.25, 0, 0.75, 0]);
    expect(chancesOf([0, -1])).toEqual([0, 0]);
  });
});

describe('an exact decimal', () => {
  it.each([
    [0.1, 1n, -1],
    [12.5, 125n, -1],
    [0, 0n, 0],
    [1e21, 1n, 21],
    [5e-324, 5n, -324],
    [1.5e-7, 15n, -8],
  ])('of %d is what its shortest text says', (value, digits, exponent) => {
    expect(decimalOf(value)).toEqual({ digits, exponent });
  });

  it('adds, multiplies and compares without rounding', () => {
    const three = [0.1, 0.1, 0.1].map(decimalOf).reduce(add);
    expect(compare(three, decimalOf(0.3))).toBe(0);
    expect(compare(multiply(decimalOf(0.1), decimalOf(3)), decimalOf(0.3))).toBe(0);
    expect(compare(decimalOf(2), decimalOf(10))).toBe(-1);
    expect(compare(decimalOf(1), decimalOf(1e-300))).toBe(1);
  });
});
