import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepCoefficients } from '../domain/index.ts';
import { stepCapacity } from './step-capacity.ts';

const STEP: StepCoefficients = {
  fixedMs: 5,
  weightsMs: 4,
  msPerToken: 0.01,
  msPerPair: 1e-6,
  msPerKvToken: 1e-4,
  msPerRequest: 0.1,
  maxBatchedTokens: 8192,
};

describe('by the step formula, a replica', () => {
  it('computes prompts in steps filled up to their budget', () => {
    const stepMs = 5 + Math.hypot(4, 81.92) + 1e-6 * 4096 * 2048 + 0.1 * 4;
    expect(stepCapacity(STEP, { maxConcurrency: 1 }).promptTokensPerSecond(2048)).toBeCloseTo(
      8_192_000 / stepMs,
      6,
    );
  });

  it('takes a prompt for a token at least', () => {
    const { promptTokensPerSecond } = stepCapacity(STEP, { maxConcurrency: 1 });
    expect(promptTokensPerSecond(0)).toBeCloseTo(promptTokensPerSecond(1), 0);
  });

  it('generates with the largest batch that keeps to the target', () => {
    const { bestDecoding } = stepCapacity(STEP, { maxConcurrency: 1000 });
    const best = bestDecoding(20, 1000);
    expect(best.tpotMs).toBeLessThanOrEqual(20);
    const oneMore = 5 + Math.hypot(4, 0.01 * (best.concurrency + 1)) + 0.2 * (best.concurrency + 1);
    expect(oneMore).toBeGreaterThan(20);
    expect(best.tokensPerSecond).toBeCloseTo((best.concurrency * 1000) / best.tpotMs, 9);
  });

  it('has no more requests at once than its window and its KV cache hold', () => {
    expect(stepCapacity(STEP, { maxConcurrency: 7 }).bestDecoding(1000, 100).concurrency).toBe(7);
    const small = stepCapacity(STEP, { maxConcurrency: 100, kvCacheTokens: 5000 });
    expect(small.bestDecoding(1000, 1000).concurrency).toBe(5);
  });

  it('serves one request at a time where not even that keeps to the target', () => {
    const best = stepCapacity(STEP, { maxConcurrency: 100 }).bestDecoding(1, 1000);
    expect(best.concurrency).toBe(1);
    expect(best.tpotMs).toBeGreaterThan(1);
  });

  it('does no less for a laxer target, nor more with longer contexts', () => {
    const target = fc.double({ min: 1, max: 300, noNaN: true });
    const { bestDecoding } = stepCapacity(STEP, { maxConcurrency: 500 });
    fc.assert(
      fc.property(target, target, fc.nat(20_000), fc.nat(20_000), (one, other, near, far) => {
        const [strict, lax] = [Math.min(one, other), Math.max(one, other)];
        const [short, long] = [Math.min(near, far), Math.max(near, far)];
        const most = bestDecoding(lax, short).tokensPerSecond;
        expect(bestDecoding(strict, short).tokensPerSecond).toBeLessThanOrEqual(most);
        expect(bestDecoding(lax, long).tokensPerSecond).toBeLessThanOrEqual(most);
      }),
    );
  });
});
