import { describe, expect, it } from 'vitest';
import { ENGINE_PROFILES } from '../../enginemodel/index.ts';
import { billionParametersOf, findGpuRating, GPU_RATINGS, MEASURED_PRIORS, stepPrior } from './index.ts';

describe("a model's size", () => {
  it.each([
    ['llama-3-8b', 8],
    ['meta-llama/Llama-3.1-70B-Instruct', 70],
    ['Qwen/Qwen2.5-0.5B', 0.5],
    ['Qwen3-30B-A3B', 3],
    ['mistralai/Mixtral-8x7B-v0.1', 14],
    ['gemma2:27b', 27],
    ['gpt-4o', undefined],
    ['my-7bit-model', undefined],
    ['model-0b', undefined],
    ['', undefined],
  ])('of %s is %s', (name, size) => {
    expect(billionParametersOf(name)).toBe(size);
  });
});

describe("an accelerator's rating", () => {
  it.each([
    ['H100', 'h100'],
    ['NVIDIA H100 80GB HBM3', 'h100'],
    ['NVIDIA-L40S', 'l40s'],
    ['L4', 'l4'],
    ['H200', 'h200'],
    ['h20', 'h20'],
    ['NVIDIA GeForce RTX 4090', 'rtx4090'],
    ['A100-SXM4-80GB', 'a100'],
    ['NVIDIA A10G', 'a10'],
    ['abacus', undefined],
  ])('of %s is that of %s', (gpuType, name) => {
    expect(findGpuRating(gpuType)?.name).toBe(name);
  });

  it.each(GPU_RATINGS.map((rating) => [rating.name, rating] as const))('%s finds itself', (name, rating) => {
    expect(findGpuRating(name)).toBe(rating);
  });
});

describe('a prior', () => {
  it.each(ENGINE_PROFILES.map((profile) => [profile.name, profile] as const))(
    'for %s is what was measured',
    (_, { model, gpuType, gpuCount, ...profile }) => {
      const { coefficients, relativeUncertainty } = stepPrior(model, { gpuType, gpuCount });
      expect(coefficients.fixedMs).toBeCloseTo(profile.fixedMs);
      expect(coefficients.weightsMs).toBeCloseTo(profile.weightReadMs);
      expect(coefficients.msPerToken).toBeCloseTo(profile.linearMsPerToken);
      expect(coefficients.msPerPair).toBeCloseTo(profile.prefillMsPerPair, 9);
      expect(coefficients.msPerKvToken).toBeCloseTo(profile.decodeMsPerKvToken, 9);
      expect(relativeUncertainty).toBe(0.5);
    },
  );

  it.each(MEASURED_PRIORS)(
    'estimated for $billionParameters billion on $gpuCount × $gpu is within a factor of two of what was measured',
    ({ gpu, gpuCount, billionParameters, coefficients }) => {
      // A size just outside of what counts as the same is estimated.
      const size = billionParameters * 1.31;
      const estimated = stepPrior(`m-${size}b`, { gpuType: gpu, gpuCount }).coefficients;
      for (const name of ['weightsMs', 'msPerToken', 'msPerPair', 'msPerKvToken'] as const) {
        const ratio = estimated[name] / coefficients[name];
        expect(ratio, name).toBeGreaterThan(0.5);
        expect(ratio, name).toBeLessThan(2.1);
      }
    },
  );

  it('is surer the more is known', () => {
    const uncertainty = (model: string, gpuType?: string) =>
      stepPrior(model, { gpuCount: 1, ...(gpuType !== undefined && { gpuType }) }).relativeUncertainty;
    const known = uncertainty('llama-3-8b', 'H100');
    const estimated = uncertainty('llama-3-8b', 'L4');
    expect([known < estimated, estimated < uncertainty('llama-3-8b')]).toEqual([true, true]);
    expect(uncertainty('gpt-x', 'H100')).toBe(uncertainty('gpt-x'));
  });

  it('is slower for a larger model, and faster on a better or on more accelerators', () => {
    const perToken = (model: string, gpuType: string, gpuCount = 1) =>
      stepPrior(model, { gpuType, gpuCount }).coefficients.msPerToken;
    expect(perToken('m-32b', 'H100')).toBeGreaterThan(perToken('m-14b', 'H100'));
    expect(perToken('m-32b', 'L40S')).toBeGreaterThan(perToken('m-32b', 'H100'));
    expect(perToken('m-32b', 'H100', 4)).toBeLessThan(perToken('m-32b', 'H100'));
  });

  it('exists where nothing is known, even of an instance without accelerators', () => {
    const { coefficients } = stepPrior('gpt-x', { gpuCount: 0 });
    expect(Object.values(coefficients).every((value) => value > 0 && Number.isFinite(value))).toBe(true);
  });
});
