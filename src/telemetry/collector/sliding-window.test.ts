import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingWindow } from './sliding-window.ts';

const SHAPE = { sums: 1, maxima: 1, sketches: 1 };
const aWindow = (startMs = 0) => new SlidingWindow({ windowMs: 60_000, slices: 6, startMs }, SHAPE);

describe('a window of a minute in six slices', () => {
  it('adds up what was counted within it', () => {
    const window = aWindow();
    for (const atMs of [0, 9_999, 10_000, 59_999]) window.addTo(0, 1, atMs);
    expect(window.sum(0, 59_999)).toBe(4);
  });

  it.each([
    [59_999, 3],
    [60_000, 1],
    [69_999, 1],
    [119_999, 0],
    [1e9, 0],
  ])('holds at %d ms %d of what was counted at 0, 9,999 and 59,000 ms', (nowMs, count) => {
    const window = aWindow();
    for (const atMs of [0, 9_999, 59_000]) {
      window.addTo(0, 1, atMs);
      window.observe(0, 100, atMs);
      window.raise(0, atMs, atMs);
    }
    expect(window.sum(0, nowMs)).toBe(count);
    expect(window.maximum(0, nowMs)).toBe(count > 0 ? 59_000 : 0);
    expect(window.quantiles(0, [0.5], nowMs)[0]! / 100).toBeCloseTo(count > 0 ? 1 : 0, 1);
  });

  it('forgets when it is fed, too', () => {
    const window = aWindow();
    window.addTo(0, 5, 0);
    window.observe(0, 5, 0);
    window.addTo(0, 1, 61_000);
    window.observe(0, 1, 61_000);
    expect(window.sum(0, 61_000)).toBe(1);
    expect(window.quantiles(0, [1], 61_000)[0]).toBeCloseTo(1, 1);
  });

  it('counts what comes a little late with the newest', () => {
    const window = aWindow();
    window.addTo(0, 1, 60_000);
    window.addTo(0, 1, 1_000);
    expect(window.sum(0, 60_000)).toBe(2);
  });

  it.each([
    [0, 0, 0],
    [0, 5_000, 5_000],
    [0, 59_000, 59_000],
    [0, 600_000, 50_000],
    [0, 609_999, 59_999],
    [600_000, 600_500, 500],
  ])('that began at %d covers at %d ms the last %d ms', (startMs, nowMs, coveredMs) => {
    expect(aWindow(startMs).coveredMs(nowMs)).toBe(coveredMs);
  });

  it('is empty at first', () => {
    const window = aWindow();
    expect([window.sum(0, 0), window.maximum(0, 0), window.quantiles(0, [0.5], 0)]).toEqual([0, 0, [0]]);
  });
});

it('never holds more than its length, nor less than that without a slice', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(steps, (gapsMs) => {
      const window = aWindow();
      let nowMs = 0;
      const times = gapsMs.map((gapMs) => (nowMs += gapMs));
      for (const atMs of times) {
        window.addTo(0, 1, atMs);
        window.observe(0, 7, atMs);
      }
      const count = window.sum(0, nowMs);
      expect(count).toBeLessThanOrEqual(times.filter((atMs) => atMs > nowMs - 60_000).length);
      expect(count).toBeGreaterThanOrEqual(times.filter((atMs) => atMs >= nowMs - 50_000).length);
      expect(window.quantiles(0, [0, 1], nowMs).every((value) => Math.abs(value - 7) < 0.1)).toBe(true);
    }),
  );
});

it.each([
  [{ windowMs: 0, slices: 6 }, 'windowMs must be above 0, found 0'],
  [{ windowMs: 1000, slices: 1 }, 'slices must be a whole number of at least 2, found 1'],
  [{ windowMs: 1000, slices: 2.5 }, 'slices must be a whole number of at least 2, found 2.5'],
])('refuses %j', (options, message) => {
  expect(() => new SlidingWindow({ ...options, startMs: 0 }, SHAPE)).toThrow(message);
});
