import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PARALLEL_STRATEGIES, recommendParallelism } from './recommend.ts';

const shape = (gpus: number): string => {
  const { strategy, sizes, gpusUsed } = recommendParallelism({}, gpus);
  return `${strategy} ${sizes.tensor}×${sizes.pipeline}×${sizes.data} of ${gpusUsed}`;
};

describe('recommended parallel sizes', () => {
  it.each([
    [1, 'tensor 1×1×1 of 1'],
    [2, 'data 1×1×2 of 2'],
    [3, 'data 1×1×3 of 3'],
    [4, 'tensor 4×1×1 of 4'],
    [7, 'tensor 4×1×1 of 4'],
    [8, 'hybrid 4×1×2 of 8'],
    [15, 'hybrid 4×1×3 of 12'],
    [16, 'hybrid 4×2×2 of 16'],
    [24, 'hybrid 4×2×3 of 24'],
  ])('for %i GPUs are tensor × pipeline × data', (gpus, expected) => {
    expect(shape(gpus)).toBe(expected);
  });

  it('are those of the strategy that is wanted', () => {
    expect(recommendParallelism({}, 9, 'expert').sizes).toEqual({
      tensor: 1,
      pipeline: 1,
      data: 1,
      expert: 8,
    });
    expect(recommendParallelism({}, 9, 'pipeline').sizes).toEqual({
      tensor: 1,
      pipeline: 4,
      data: 1,
      expert: 1,
    });
  });

  it('keep within what the model can be spread over', () => {
    expect(recommendParallelism({ attentionHeads: 28 }, 8, 'tensor').sizes.tensor).toBe(7);
    expect(recommendParallelism({ layers: 3 }, 8, 'pipeline').sizes.pipeline).toBe(3);
    expect(recommendParallelism({ experts: 2 }, 8, 'expert').sizes.expert).toBe(2);
  });

  it('come with an estimate that says what more GPUs bring', () => {
    const [one, four] = [1, 4].map((gpus) => recommendParallelism({}, gpus, 'tensor').estimate);
    expect(one).toEqual({ latencyMs: 100, tokensPerSecond: 100, gpuUtilisation: 0.8 });
    expect(four!.latencyMs).toBe(30);
    expect(four!.tokensPerSecond).toBeCloseTo(333.33, 2);
  });

  it.each([0, -1, 2.5, Number.NaN])('are refused for %s GPUs', (gpus) => {
    expect(() => recommendParallelism({}, gpus)).toThrow(
      `gpus must be a whole number of at least 1, found ${gpus}`,
    );
  });

  it('never take more GPUs than there are, nor a size below 1', () => {
    const model = fc.record(
      { attentionHeads: fc.integer({ min: 1, max: 128 }), layers: fc.integer({ min: 1, max: 100 }) },
      { requiredKeys: [] },
    );
    const strategy = fc.constantFrom(undefined, ...PARALLEL_STRATEGIES);
    fc.assert(
      fc.property(model, fc.integer({ min: 1, max: 512 }), strategy, (of, gpus, wanted) => {
        const { sizes, gpusUsed } = recommendParallelism(of, gpus, wanted);
        expect(gpusUsed).toBeLessThanOrEqual(gpus);
        expect(Math.min(...Object.values(sizes))).toBeGreaterThanOrEqual(1);
        if (of.attentionHeads !== undefined) expect(of.attentionHeads % sizes.tensor).toBe(0);
      }),
    );
  });
});
