import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantileSketch, type SketchOptions } from './quantile-sketch.ts';

function sketchOf(values: readonly number[], options?: SketchOptions): QuantileSketch {
  const sketch = new QuantileSketch(options);
  for (const value of values) sketch.add(value);
  return sketch;
}

/** The value that a quantile stands for: rank ⌊n·share⌋, counted from 0. */
function exact(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(values.length * share), values.length - 1)]!;
}

const values = fc.array(fc.double({ min: 0.01, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 300 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('a quantile', () => {
  it('is within the stated error of the value at its rank', () => {
    fc.assert(
      fc.property(values, share, fc.constantFrom(0.01, 0.05), (list, at, relativeError) => {
        const found = sketchOf(list, { relativeError }).quantile(at);
        const wanted = exact(list, at);
        expect(Math.abs(found - wanted)).toBeLessThanOrEqual(wanted * relativeError * (1 + 1e-9));
      }),
    );
  });

  it('never falls as the share rises', () => {
    fc.assert(
      fc.property(values, (list) => {
        const found = sketchOf(list).quantiles([0, 0.1, 0.5, 0.8, 0.99, 1]);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
      }),
    );
  });

  it.each([
    [[], 0.5, Number.NaN],
    [[0, 0, 0], 0.99, 0],
    [[0, 0, 100], 0.5, 0],
    [[-5, Number.NaN, 0], 1, 0],
  ])('of %j at %d is %d', (list, at, wanted) => {
    expect(sketchOf(list).quantile(at)).toBe(wanted);
  });

  it('of values beyond the range is the range', () => {
    expect(sketchOf([1e12], { max: 1000 }).quantile(0.5) / 1000).toBeCloseTo(1, 1);
    expect(sketchOf([1e-9]).quantile(0.5)).toBe(0);
  });
});

describe('sketches together', () => {
  it('say the same as one that saw everything', () => {
    fc.assert(
      fc.property(values, values, (first, second) => {
        const merged = sketchOf(first);
        merged.merge(sketchOf(second));
        const whole = sketchOf([...first, ...second]);
        const shares = [0, 0.25, 0.5, 0.95, 1];
        expect(merged.count).toBe(whole.count);
        expect(merged.quantiles(shares)).toEqual(whole.quantiles(shares));
      }),
    );
  });

  it('are as before when what was merged is subtracted', () => {
    fc.assert(
      fc.property(values, values, (first, second) => {
        const sketch = sketchOf(first);
        const passing = sketchOf([...second, 0]);
        sketch.merge(passing);
        sketch.subtract(passing);
        expect(sketch.quantiles([0, 0.5, 1])).toEqual(sketchOf(first).quantiles([0, 0.5, 1]));
      }),
    );
  });

  it('must have equal options', () => {
    const coarse = new QuantileSketch({ relativeError: 0.1 });
    expect(() => new QuantileSketch().merge(coarse)).toThrow('unequal options');
  });
});

describe('memory', () => {
  it('stays below 6 KiB, whatever the values', () => {
    const sketch = new QuantileSketch();
    for (let exponent = -10; exponent <= 20; exponent += 0.01) sketch.add(10 ** exponent);
    expect(sketch.bytes).toBeLessThan(6 * 1024);
  });

  it('follows the range of the values, not their number', () => {
    const sketch = sketchOf(Array.from({ length: 10_000 }, (_, i) => 100 + (i % 10)));
    expect(sketch.bytes).toBeLessThanOrEqual(4 * 64);
  });
});

it('forgets half of what it counted', () => {
  const sketch = sketchOf([...Array(100).fill(10), ...Array(100).fill(20)]);
  sketch.halve();
  expect(sketch.count).toBe(100);
  for (let i = 0; i < 101; i++) sketch.add(30);
  expect(sketch.quantile(0.5) / 30).toBeCloseTo(1, 1);
});

it('starts anew when it is cleared', () => {
  const sketch = sketchOf([1, 2, 3, 0]);
  sketch.clear();
  sketch.add(7);
  expect([sketch.count, sketch.quantile(0) / 7]).toEqual([1, expect.closeTo(1, 1)]);
});

it.each([
  [{ relativeError: 0 }, 'relativeError must be above 0 and below 1, found 0'],
  [{ relativeError: 1 }, 'relativeError must be above 0 and below 1, found 1'],
  [{ min: 0 }, 'min and max must be 0 < min < max'],
  [{ min: 5, max: 5 }, 'min and max must be 0 < min < max'],
])('refuses %j', (options, message) => {
  expect(() => new QuantileSketch(options)).toThrow(message);
});
