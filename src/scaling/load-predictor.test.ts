import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Load } from './load.ts';
import { LOAD_PREDICTOR_NAMES, predictLoad } from './load-predictor.ts';

const load = (requests: number, promptTokens = 100, outputTokens = 10): Load => ({
  requests,
  promptTokens,
  outputTokens,
});

const requestsOf = (...args: Parameters<typeof predictLoad>) => predictLoad(...args)?.requests;

describe('the next load', () => {
  const rising = [10, 20, 30, 60].map((requests) => load(requests));

  it.each([
    ['constant', 60],
    ['moving-average', 30],
    // 10 → 13 → 18.1 → 30.67
    ['exponential-smoothing', 0.7 * (0.7 * (0.7 * 10 + 0.3 * 20) + 0.3 * 30) + 0.3 * 60],
  ] as const)('by %s', (name, expected) => {
    expect(requestsOf(name, rising)).toBeCloseTo(expected, 12);
  });

  it('tells lengths apart from requests', () => {
    expect(predictLoad('moving-average', [load(1, 100, 30), load(100, 300, 10)])).toEqual(
      load(50.5, 200, 20),
    );
  });

  it('looks at the newest points of its window, ten unless told otherwise', () => {
    const points = [1000, ...Array.from({ length: 10 }, () => 1)].map((requests) => load(requests));
    for (const name of LOAD_PREDICTOR_NAMES) expect(requestsOf(name, points)).toBeCloseTo(1, 12);
    expect(requestsOf('moving-average', points, { window: 11 })).toBeCloseTo(1010 / 11, 12);
  });

  it('is not told without a point, or with fewer than it should take', () => {
    for (const name of LOAD_PREDICTOR_NAMES) expect(predictLoad(name, [])).toBeUndefined();
    expect(predictLoad('moving-average', rising, { leastPoints: 5 })).toBeUndefined();
    expect(requestsOf('moving-average', rising, { leastPoints: 4 })).toBe(30);
  });

  it('lies between the least and the most that was seen, and is what it always was', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...LOAD_PREDICTOR_NAMES), values, (name, requests) => {
        const found = requestsOf(
          name,
          requests.map((each) => load(each)),
        )!;
        expect(found).toBeGreaterThanOrEqual(Math.min(...requests) * (1 - 1e-9));
        expect(found).toBeLessThanOrEqual(Math.max(...requests) * (1 + 1e-9));
      }),
    );
  });
});
