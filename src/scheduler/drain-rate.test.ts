import { describe, expect, it } from 'vitest';
import {
  DrainRate,
  MAX_RETRY_AFTER_MS,
  MIN_RETRY_AFTER_MS,
  retryAfterMs,
  UNKNOWN_RETRY_AFTER_MS,
} from './drain-rate.ts';

function rateAfter(departures: readonly number[]): DrainRate {
  const rate = new DrainRate();
  for (const atMs of departures) rate.count(atMs);
  return rate;
}

const every = (gapMs: number, count: number): number[] => Array.from({ length: count }, (_, i) => i * gapMs);

describe('the drain rate', () => {
  it('is 0 before anything has left', () => {
    expect(rateAfter([]).perSecond(5_000)).toBe(0);
  });

  it.each([
    [100, 10],
    [500, 2],
    [2_000, 0.5],
  ])('of one departure each %s ms is %s per second', (gapMs, expected) => {
    const rate = rateAfter(every(gapMs, 200));
    expect(rate.perSecond(199 * gapMs) / expected).toBeCloseTo(1, 0);
  });

  it('does not take one departure for a high rate', () => {
    expect(rateAfter([0]).perSecond(0)).toBeLessThan(1.2);
  });

  it('falls while nothing leaves', () => {
    const rate = rateAfter(every(100, 200));
    expect(rate.perSecond(19_900 + 10_000) / rate.perSecond(19_900)).toBeCloseTo(Math.exp(-1), 1);
  });
});

describe('when to come again', () => {
  it.each([
    ['from the rate', 30, 2, 15_000],
    ['at the soonest', 1, 1_000, MIN_RETRY_AFTER_MS],
    ['at the latest', 1_000_000, 1, MAX_RETRY_AFTER_MS],
    ['without a rate', 10, 0, UNKNOWN_RETRY_AFTER_MS],
  ])('%s', (_, ahead, perSecond, expected) => {
    expect(retryAfterMs(ahead, perSecond)).toBe(expected);
  });
});
