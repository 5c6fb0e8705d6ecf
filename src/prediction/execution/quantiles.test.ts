import { describe, expect, it } from 'vitest';
import { momentsOf, quantileAt, quartileSummary } from './quantiles.ts';

/** Of the uniform distribution on [0, 100]. */
const UNIFORM = { levels: [0, 0.25, 0.5, 0.75, 1], values: [0, 25, 50, 75, 100] };

describe('the summary by quartiles', () => {
  it('leans on the median', () => {
    const { mean } = quartileSummary({ levels: [0.25, 0.5, 0.75], values: [10, 20, 50] })!;
    expect(mean).toBeCloseTo(0.7 * 20 + 0.15 * 60, 12);
  });

  it('takes the tail from the p99, up to one and a half', () => {
    const spreadWith = (q99: number) =>
      quartileSummary({ levels: [0.25, 0.5, 0.75, 0.99], values: [10, 20, 30, q99] })!.standardDeviation;
    expect(spreadWith(20 + 1.65 * 10)).toBeCloseTo(20 / 1.349, 9);
    expect(spreadWith(1000)).toBeCloseTo((1.5 * 20) / 1.349, 9);
    expect(spreadWith(20)).toBe(0);
  });

  it('has no spread where the quartiles are one', () => {
    expect(quartileSummary({ levels: [0.25, 0.5, 0.75], values: [5, 5, 5] })!.standardDeviation).toBe(0);
  });

  it('needs the quartiles', () => {
    expect(quartileSummary({ levels: [0.5, 0.9], values: [1, 2] })).toBeUndefined();
  });
});

describe('the moments', () => {
  it('have the mean of what is linear between the quantiles', () => {
    expect(momentsOf(UNIFORM).mean).toBeCloseTo(50, 12);
  });

  it('are those of a constant for a single quantile', () => {
    expect(momentsOf({ levels: [0.5], values: [7] })).toEqual({ mean: 7, standardDeviation: 0 });
  });
});

it.each([
  [0.5, 50],
  [0.8, 80],
  [1, 100],
])('the quantile at %d is on the line', (level, value) => {
  expect(quantileAt(UNIFORM, level)).toBeCloseTo(value, 9);
});

it('tells no quantile beyond its own', () => {
  const inner = { levels: [0.25, 0.75], values: [1, 2] };
  expect(quantileAt(inner, 0.2)).toBeUndefined();
  expect(quantileAt(inner, 0.8)).toBeUndefined();
});
