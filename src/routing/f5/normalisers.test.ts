import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adaptiveDistribution } from './adaptive-distribution.ts';
import {
  minMax,
  type Normaliser,
  nonlinearCache,
  nonlinearWaiting,
  preciseCache,
  preciseRunning,
  ratioOfTwo,
  raw,
  smooth,
} from './normalisers.ts';

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
}

describe('normalisers', () => {
  it.each<[string, Normaliser, number[], number[]]>([
    ['raw leaves values alone', raw, [3, -1], [3, -1]],
    ['min-max is linear', minMax, [2, 4, 3], [0, 1, 0.5]],
    ['min-max of one value is 0', minMax, [7], [0]],
    ['min-max of equal values is 0', minMax, [7, 7], [0, 0]],
    ['the cache goes by the logarithm of ratios', preciseCache, [0.1, 0.2, 0.4], [0.2, 0.6, 1]],
    ['the cache of one is in the middle', preciseCache, [0.9], [0.5]],
    ['equal caches are in the middle', preciseCache, [0.3, 0.3], [0.5, 0.5]],
    ['running requests may be 0', preciseRunning, [0, 1, 3], [0.15, 0.55, 0.95]],
    ['two values share 1 by their ratio', ratioOfTwo, [0.1, 0.3], [0.25, 0.75]],
    ['two equal values share it evenly', ratioOfTwo, [0, 0], [0.5, 0.5]],
    ['a value of 0 has no ratio', ratioOfTwo, [0, 0.3], [0, 1]],
    ['three values have no ratio', ratioOfTwo, [0.1, 0.2, 0.3], [0, 0.5, 1]],
    ['close values stay close', smooth, [1, 1.05], [0.45, 0.55]],
    ['values far apart are told far apart', smooth, [1, 4], [0.05, 0.95]],
    ['with 0 the difference itself counts', smooth, [0, 0.2], [0.35, 0.65]],
    ['the nonlinear queue is 0 when all are equal', nonlinearWaiting, [5, 5], [0, 0]],
    ['the nonlinear cache is a quarter when all are equal', nonlinearCache, [0.5, 0.5], [0.25, 0.25]],
    ['the nonlinear cache is squared', nonlinearCache, [0, 0.5, 1], [0, 0.25, 1]],
  ])('%s', (_, normalise, values, expected) => {
    expectClose(normalise(values), expected);
  });

  it('uses a logistic curve around the mean where ratios make no sense', () => {
    const [low, high] = preciseCache([0, 1]);
    expect(low! + high!).toBeCloseTo(0.2 + 0.2 + 0.8, 12);
    expect(high).toBeGreaterThan(low!);
    const [below, above] = preciseRunning([-2, 2]);
    expect(below! + above!).toBeCloseTo(0.15 + 0.15 + 0.8, 12);
  });
});

describe('the adaptive distribution', () => {
  it('says nothing about a single value', () => {
    for (const kind of ['waiting', 'cache', 'general'] as const) {
      expect(adaptiveDistribution(kind)([3])).toEqual([0.5]);
    }
  });

  it('keeps close values within a narrow range and distant ones in a wide one', () => {
    const width = (values: number[]) => {
      const [low, high] = adaptiveDistribution('general')(values);
      return high! - low!;
    };
    expect(width([100, 101])).toBeLessThan(0.2);
    expect(width([1, 100])).toBeGreaterThan(0.35);
  });

  it('compares queues of different magnitude by their logarithms', () => {
    const queues = [0, 9, 99];
    const logarithms = queues.map((value) => Math.log(value + 1));
    expect(adaptiveDistribution('waiting')(queues)).toEqual(adaptiveDistribution('general')(logarithms));
    expect(adaptiveDistribution('waiting')([10, 20])).toEqual(adaptiveDistribution('general')([10, 20]));
  });

  it('ranks where rounding would lose the order, so that equal values get different ranks', () => {
    expect(adaptiveDistribution('general')([7, 7])).toEqual([0.5, 0.5]);
    expect(adaptiveDistribution('cache')([0.5, 0.5000001])).toEqual([0.5, 0.5]);
    expect(adaptiveDistribution('cache')([0.5000001, 0.5])).not.toEqual([0.5, 0.5]);
  });
});

describe('every normaliser', () => {
  const all: Record<string, Normaliser> = {
    minMax,
    preciseCache,
    preciseRunning,
    ratioOfTwo,
    smooth,
    nonlinearWaiting,
    nonlinearCache,
    waiting: adaptiveDistribution('waiting'),
    cache: adaptiveDistribution('cache'),
    general: adaptiveDistribution('general'),
  };
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 });

  it.each(Object.entries(all))('%s stays within 0 and 1', (_, normalise) => {
    fc.assert(
      fc.property(values, (some) => {
        for (const value of normalise(some)) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
    );
  });

  it.each(Object.entries(all))('%s never ranks a busier member below a less busy one', (_, normalise) => {
    fc.assert(
      fc.property(values, (some) => {
        const outputs = normalise(some);
        for (let i = 1; i < some.length; i++) {
          if (some[i - 1]! < some[i]!) expect(outputs[i - 1]).toBeLessThanOrEqual(outputs[i]! + 1e-9);
        }
      }),
    );
  });
});
