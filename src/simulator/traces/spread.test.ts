import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spreader } from './spread.ts';
import { TraceError } from './trace-error.ts';

const UP_TO_THE_NEXT = Number.POSITIVE_INFINITY;

function spread(stamps: readonly number[], resolutionMs: number, maxEqual?: number): readonly number[] {
  const stage = spreader(resolutionMs, maxEqual);
  const rows = stamps.map((stampMs, index) => ({
    stampMs,
    promptTokens: 1,
    outputTokens: 1,
    line: index + 1,
  }));
  return [...rows.flatMap((row) => stage.push(row)), ...stage.end()].map(({ stampMs }) => stampMs);
}

describe('spreader', () => {
  it('spreads equal stamps evenly up to the next one', () => {
    expect(spread([0, 0, 0, 3000, 3000, 6000], UP_TO_THE_NEXT)).toEqual([0, 1000, 2000, 3000, 4500, 6000]);
  });

  it('gives the last group the distance before it', () => {
    expect(spread([0, 3000, 3000, 3000], UP_TO_THE_NEXT)).toEqual([0, 3000, 4000, 5000]);
  });

  it('moves nothing further than the stamps are coarse', () => {
    expect(spread([0, 0, 60_000, 60_000], 1000)).toEqual([0, 500, 60_000, 60_500]);
  });

  it('leaves a trace alone that has one stamp only: there is nothing to spread up to', () => {
    expect(spread([7, 7, 7], UP_TO_THE_NEXT)).toEqual([7, 7, 7]);
  });

  it('has nothing for nothing', () => {
    expect(spread([], UP_TO_THE_NEXT)).toEqual([]);
  });

  it('refuses to hold a group without bound', () => {
    expect(() => spread([1, 1, 1, 1], UP_TO_THE_NEXT, 3)).toThrow(TraceError);
    expect(spread([1, 1, 1], UP_TO_THE_NEXT, 3)).toHaveLength(3);
  });

  it('keeps the order, the number and every first stamp, and reaches no next stamp', () => {
    const sorted = fc
      .array(fc.nat(20), { minLength: 1, maxLength: 60 })
      .map((all) => all.map((stamp) => stamp * 100).sort((left, right) => left - right));
    fc.assert(
      fc.property(sorted, fc.constantFrom(50, 1000, UP_TO_THE_NEXT), (stamps, resolutionMs) => {
        const out = spread(stamps, resolutionMs);
        expect(out).toHaveLength(stamps.length);
        for (const [index, stampMs] of stamps.entries()) {
          const next = stamps.find((other) => other > stampMs) ?? Number.POSITIVE_INFINITY;
          if (stamps[index - 1] !== stampMs) expect(out[index]).toBe(stampMs);
          else expect(out[index]! >= out[index - 1]!).toBe(true);
          expect(out[index]).toBeLessThan(next);
          expect(out[index]! - stampMs).toBeLessThanOrEqual(resolutionMs);
        }
      }),
    );
  });
});
