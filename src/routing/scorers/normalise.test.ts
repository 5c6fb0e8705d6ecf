import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inShort, shareOfLeast, spreadLeastFirst } from './normalise.ts';

const scored = (rule: typeof shareOfLeast, measures: readonly number[]): number[] => {
  const scores = new Float64Array(measures.length);
  rule(Float64Array.from(measures), measures.length, scores);
  return [...scores];
};

describe('from quantities to scores', () => {
  it.each([
    ['by distance', spreadLeastFirst, [2, 4, 6], [1, 0.5, 0]],
    ['by distance, all equal', spreadLeastFirst, [3, 3], [1, 1]],
    ['by distance, negative', spreadLeastFirst, [-1, 1], [1, 0]],
    ['by share', shareOfLeast, [2, 4, 8], [1, 0.5, 0.25]],
    ['by share, nothing at all', shareOfLeast, [0, 5, 0], [1, 0, 1]],
    ['by share, without end', shareOfLeast, [5, Number.POSITIVE_INFINITY], [1, 0]],
    ['by share, all without end', shareOfLeast, [Number.POSITIVE_INFINITY], [1]],
  ])('%s', (_, rule, measures, expected) => {
    expect(scored(rule, measures)).toEqual(expected);
  });

  // By share, whatever is more than nothing is alike where nothing is the least.
  it.each([
    ['distance', spreadLeastFirst],
    ['share', shareOfLeast],
  ])('by %s keeps the order, the least first', (_, rule) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1 }), (measures) => {
        const scores = scored(rule, measures);
        for (const [i, measure] of measures.entries()) {
          for (const [j, other] of measures.entries()) {
            if (measure < other) expect(scores[i]).toBeGreaterThan(scores[j]!);
            if (measure === other) expect(scores[i]).toBe(scores[j]);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('reads numbers in reasons with two decimals at most', () => {
    expect([1, 1.005, 1_234.5678, 0].map(inShort)).toEqual(['1', '1', '1234.57', '0']);
  });
});
