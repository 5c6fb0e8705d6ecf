import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ApartLimits, limitApart, limitTogether, type PoolLimits } from './limits.ts';

const pool = (minReplicas: number, maxReplicas: number, gpusPerReplica = 1): PoolLimits => ({
  minReplicas,
  maxReplicas,
  gpusPerReplica,
});

describe('replicas apart', () => {
  const limits: ApartLimits = { prefill: pool(1, 10, 2), decode: pool(2, 20), gpuBudget: 16 };
  const limited = (prefill: number, decode: number, given = limits) => {
    const found = limitApart({ prefill, decode }, given);
    return [found.prefill, found.decode];
  };

  it('stay as they are within their bounds and the budget', () => {
    expect(limited(3, 4)).toEqual([3, 4]);
  });

  it('are at least their least and at most their most', () => {
    expect(limited(0, 0)).toEqual([1, 2]);
    expect(limited(Number.POSITIVE_INFINITY, 99, { prefill: limits.prefill, decode: limits.decode })).toEqual(
      [10, 20],
    );
  });

  it('share the GPUs: prompts shrink in proportion, answers get the rest', () => {
    // 2·6 + 12 = 24 of 16: 6 · 2/3 = 4 take 8, 8 are left.
    expect(limited(6, 12)).toEqual([4, 8]);
  });

  it('give what is left by rounding to those who generate, even beyond their most', () => {
    expect(
      limitApart({ prefill: 3, decode: 5 }, { prefill: pool(1, 3, 4), decode: pool(1, 5), gpuBudget: 16 }),
    ).toEqual({
      prefill: 2,
      decode: 8,
    });
  });

  it('keep their least, even where the GPUs do not suffice', () => {
    expect(limited(9, 9, { ...limits, gpuBudget: 1 })).toEqual([1, 2]);
  });

  it('take no more GPUs than there are, unless the least does', () => {
    const anyPool = fc.record({
      minReplicas: fc.integer({ min: 0, max: 3 }),
      maxReplicas: fc.integer({ min: 3, max: 30 }),
      gpusPerReplica: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(
        anyPool,
        anyPool,
        fc.nat(40),
        fc.nat(40),
        fc.nat(64),
        (prefill, decode, p, d, gpuBudget) => {
          const found = limitApart({ prefill: p, decode: d }, { prefill, decode, gpuBudget });
          expect(found.prefill).toBeGreaterThanOrEqual(prefill.minReplicas);
          expect(found.decode).toBeGreaterThanOrEqual(decode.minReplicas);
          const gpus = found.prefill * prefill.gpusPerReplica + found.decode * decode.gpusPerReplica;
          const isLeast = found.prefill === prefill.minReplicas || found.decode === decode.minReplicas;
          if (!isLeast) expect(gpus).toBeLessThanOrEqual(gpuBudget);
        },
      ),
    );
  });
});

describe('replicas of one kind', () => {
  it.each([
    // wanted, least, most, GPUs each, budget → replicas, bound
    [3, 1, 5, 2, 100, 3, 'load'],
    [0, 1, 5, 2, 100, 1, 'min-replicas'],
    [1, 1, 5, 2, 100, 1, 'load'],
    [9, 1, 5, 2, 100, 5, 'max-replicas'],
    [9, 1, 5, 2, 9, 4, 'gpu-budget'],
    [9, 1, 5, 2, 10, 5, 'max-replicas'],
    [9, 3, 5, 2, 2, 3, 'gpu-budget'],
    [0, 3, 5, 2, 2, 3, 'min-replicas'],
    [Number.POSITIVE_INFINITY, 1, 5, 2, 100, 5, 'max-replicas'],
  ] as const)(
    '%d wanted, %d to %d of %d GPUs within %d: %d by %s',
    (wanted, min, max, gpus, gpuBudget, replicas, bound) => {
      expect(limitTogether(wanted, { ...pool(min, max, gpus), gpuBudget })).toEqual({ replicas, bound });
    },
  );

  it('are not limited by GPUs that nobody counts', () => {
    expect(limitTogether(1000, pool(0, Number.POSITIVE_INFINITY, 8))).toEqual({
      replicas: 1000,
      bound: 'load',
    });
  });
});
