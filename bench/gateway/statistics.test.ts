import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, median, quantile, ratio, rounded } from './statistics.ts';

describe('quantile', () => {
  const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0, 1],
    [0.01, 1],
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])('of 1 to 100 at %d is %d', (share, expected) => {
    expect(quantile(HUNDRED, share)).toBe(expected);
  });

  it('of nothing is undefined', () => {
    expect(quantile([], 0.5)).toBeUndefined();
  });

  it('sorts by number and not by text, and leaves its input as it was', () => {
    const values = [10, 9, 100];
    expect(quantile(values, 0.5)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  it('is one of the values, with at least the share of them at or below it', () => {
    const cases = fc.record({
      values: fc.array(fc.integer(), { minLength: 1 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ values, share }) => {
        const found = quantile(values, share)!;
        expect(values).toContain(found);
        const below = values.filter((value) => value <= found).length;
        expect(below).toBeGreaterThanOrEqual(share * values.length - 1e-9);
      }),
    );
  });
});

describe('median', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('of nothing is undefined', () => {
    expect(median([])).toBeUndefined();
  });
});

describe('what was not measured', () => {
  it.each([
    [6, 3, 2],
    [6, undefined, undefined],
    [undefined, 3, undefined],
    [6, 0, undefined],
    [0, 3, 0],
  ])('ratio of %s to %s is %s', (part, whole, expected) => {
    expect(ratio(part, whole)).toBe(expected);
  });

  it.each([
    [6, 4, 2],
    [6, undefined, undefined],
    [undefined, 4, undefined],
    [4, 4, 0],
  ])('difference of %s and %s is %s', (a, b, expected) => {
    expect(difference(a, b)).toBe(expected);
  });
});

describe('rounded', () => {
  it.each([
    [123_456.7, 123_457],
    [123.456, 123.5],
    [0.123456, 0.1235],
    [-0.123456, -0.1235],
    [0.000012345, 0.000012],
    [0, 0],
    [1, 1],
  ])('shows %d as %d', (value, expected) => {
    expect(rounded(value)).toBe(expected);
  });
});
