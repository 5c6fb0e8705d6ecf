import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ofGpus } from './capacity.ts';
import { FLAT_CAPACITY, REFERENCE_CAPACITY } from './reference-capacity.ts';

describe('a GPU of which nothing was measured', () => {
  it('computes long prompts at a lower rate', () => {
    expect([0, 1000, 10_000].map(REFERENCE_CAPACITY.promptTokensPerSecond)).toEqual([200, 200 / 1.1, 100]);
  });

  it('takes longer for its first token, the longer the prompt', () => {
    expect([0, 1500].map(REFERENCE_CAPACITY.ttftMs)).toEqual([50, 200]);
  });

  it.each([
    // target, context, tokens/s, TPOT, batch
    [25, 0, 100, 25, 2.5],
    [22, 0, 1000 / 22, 22, 1],
    [100, 500, 100, 45, 10],
    [30, 1000, 0, 30, 0],
    [20, 5000, 0, 70, 0],
    [0, 0, 0, 20, 0],
  ])(
    'with %i ms a token at %i tokens of context does %d tokens/s',
    (target, context, rate, tpotMs, batch) => {
      const best = REFERENCE_CAPACITY.bestDecoding(target, context);
      expect(best.tokensPerSecond).toBeCloseTo(rate, 9);
      expect(best.tpotMs).toBeCloseTo(tpotMs, 9);
      expect(best.concurrency).toBeCloseTo(batch, 9);
    },
  );

  it('keeps to the target wherever it does anything, and never does less for a laxer one', () => {
    const target = fc.double({ min: 1, max: 500, noNaN: true });
    fc.assert(
      fc.property(target, target, fc.nat(20_000), (one, other, context) => {
        const [strict, lax] = [Math.min(one, other), Math.max(one, other)].map((each) =>
          REFERENCE_CAPACITY.bestDecoding(each, context),
        );
        if (strict!.tokensPerSecond > 0) {
          expect(strict!.tpotMs).toBeLessThanOrEqual(Math.min(one, other) * (1 + 1e-9));
        }
        expect(lax!.tokensPerSecond).toBeGreaterThanOrEqual(strict!.tokensPerSecond * (1 - 1e-9));
      }),
    );
  });

  it('does the same whatever it is asked, where there is not even a formula', () => {
    expect(FLAT_CAPACITY.promptTokensPerSecond(9)).toBe(100);
    expect(FLAT_CAPACITY.bestDecoding(40, 9)).toEqual({ tokensPerSecond: 50, tpotMs: 40, concurrency: 2 });
  });
});

describe('a replica of several GPUs', () => {
  it('does as many times what one does, and takes as long', () => {
    const four = ofGpus(REFERENCE_CAPACITY, 4);
    expect(four.promptTokensPerSecond(0)).toBe(800);
    expect(four.bestDecoding(100, 500)).toEqual({ tokensPerSecond: 400, tpotMs: 45, concurrency: 40 });
  });
});
