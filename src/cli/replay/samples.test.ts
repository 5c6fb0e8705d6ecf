import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantile, Samples } from './samples.ts';

function samplesOf(values: readonly number[]): Samples {
  const samples = new Samples();
  for (const value of values) samples.add(value);
  return samples;
}

describe('quantile', () => {
  it.each([
    [[5], 0.99, 5],
    [[1, 2], 0.5, 1.5],
    [[1, 2, 3, 4, 5], 0.5, 3],
    [[0, 10], 0.9, 9],
    [[1, 2, 3], 0, 1],
    [[1, 2, 3], 1, 3],
  ])('of %j at %d is %d', (values, share, expected) => {
    expect(quantile(values, share)).toBeCloseTo(expected, 12);
  });
});

describe('Samples', () => {
  it('has no distribution of nothing', () => {
    expect(new Samples().distribution()).toBeUndefined();
  });

  it('is exact, in whatever order the numbers came', () => {
    const values = Array.from({ length: 101 }, (_, index) => (index * 37) % 101);
    expect(samplesOf(values).distribution()).toEqual({
      count: 101,
      mean: 50,
      min: 0,
      p50: 50,
      p90: 90,
      p95: 95,
      p99: 99,
      max: 100,
    });
  });

  it('grows without losing a number', () => {
    const samples = samplesOf(Array.from({ length: 5000 }, (_, index) => index));
    expect(samples.count).toBe(5000);
    expect(samples.distribution()).toMatchObject({ count: 5000, min: 0, max: 4999, mean: 2499.5 });
  });

  it('can look at the most recent numbers alone, and is not changed by looking', () => {
    const samples = samplesOf([9, 1, 2, 3]);
    expect(samples.distribution(3)).toMatchObject({ count: 3, max: 3 });
    expect(samples.distribution(99)).toMatchObject({ count: 4, max: 9 });
    samples.add(0);
    expect(samples.distribution(2)).toMatchObject({ min: 0, max: 3 });
  });

  it('keeps its quantiles in order and within the numbers', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(numbers, (values) => {
        const { min, p50, p90, p95, p99, max } = samplesOf(values).distribution()!;
        expect([min, p50, p90, p95, p99, max]).toEqual([min, p50, p90, p95, p99, max].sort((a, b) => a - b));
        expect(min).toBe(Math.min(...values));
        expect(max).toBe(Math.max(...values));
      }),
    );
  });
});
