import { describe, expect, it } from 'vitest';
import { adviseScaling, DEFAULT_SCALING_WISH, type ModelAtWork, type ScalingWish } from './advice.ts';
import type { Capacity } from './capacity.ts';
import type { Load } from './load.ts';
import { REFERENCE_CAPACITY } from './reference-capacity.ts';

/** 1,000 prompt tokens a second; a batch generates 10 tokens a second for each millisecond of the target. */
const EVEN: Capacity = {
  promptTokensPerSecond: () => 1000,
  bestDecoding: (tpotTargetMs) => ({
    tokensPerSecond: 10 * tpotTargetMs,
    tpotMs: tpotTargetMs,
    concurrency: tpotTargetMs,
  }),
};

/** 10 a second: 1,000 prompt tokens and 500 generated ones. */
const BUSY: Load = { requests: 600, promptTokens: 100, outputTokens: 50 };

function aModel(fields: Partial<ModelAtWork> = {}): ModelAtWork {
  return {
    model: 'm',
    history: [BUSY],
    intervalMs: 60_000,
    waitingRequests: 0,
    replicas: [{ capacity: EVEN, gpus: 2 }],
    ...fields,
  };
}

const advise = (fields: Partial<ModelAtWork> = {}, wish: Partial<ScalingWish> = {}) =>
  adviseScaling(aModel(fields), { ...DEFAULT_SCALING_WISH, tpotTargetMs: 10, utilisation: 1, ...wish });

describe('advice', () => {
  it('is what the load takes, with what a replica does and how busy those of now would be', () => {
    expect(advise()).toMatchObject({
      model: 'm',
      replicas: 1,
      recommendedReplicas: 7,
      wantedReplicas: 7,
      bound: 'load',
      load: BUSY,
      predictedLoad: BUSY,
      replica: {
        gpus: 2,
        promptTokensPerSecond: 1000,
        decoding: { tokensPerSecond: 100 },
        canKeepTarget: true,
      },
      apart: { prefill: 1, decode: 5 },
    });
    expect(advise().replica!.busyShare).toBeGreaterThan(1);
  });

  it('says why in words', () => {
    expect(advise({}, { maxReplicas: 4 }).reason).toBe(
      '10 requests a second of 100 + 50 tokens are foretold; a replica does 1000 prompt tokens or 100 generated ones a second ' +
        'within 10 ms each; 7 busy 100 % at most would do, and the most allowed decides',
    );
  });

  it.each([
    [{ maxReplicas: 4 }, 4, 'max-replicas'],
    [{ maxGpus: 11 }, 5, 'gpu-budget'],
    [{ minReplicas: 9 }, 9, 'min-replicas'],
  ] as const)('is bound by %o', (wish, recommendedReplicas, bound) => {
    expect(advise({}, wish)).toMatchObject({ recommendedReplicas, bound, wantedReplicas: 7 });
  });

  it('counts those that wait as part of what is to come', () => {
    const advice = advise({ waitingRequests: 600 });
    expect(advice.load.requests).toBe(600);
    expect(advice.predictedLoad.requests).toBe(1200);
    expect(advice.wantedReplicas).toBeGreaterThan(7);
  });

  it('foretells by the predictor that is wanted', () => {
    const history = [{ ...BUSY, requests: 0 }, BUSY];
    expect(advise({ history }, { predictor: 'moving-average' }).predictedLoad.requests).toBe(300);
    expect(advise({ history }, { predictor: 'exponential-smoothing' }).predictedLoad.requests).toBeCloseTo(
      180,
      9,
    );
  });

  it('takes replicas that differ by their mean, and GPUs by the largest', () => {
    const slow: Capacity = { ...EVEN, promptTokensPerSecond: () => 500 };
    const replicas = [
      { capacity: EVEN, gpus: 1 },
      { capacity: slow, gpus: 4 },
    ];
    expect(advise({ replicas }).replica).toMatchObject({ promptTokensPerSecond: 750, gpus: 4 });
  });

  it('is the least when nothing is asked, known or not', () => {
    for (const history of [[], [{ ...BUSY, requests: 0 }]]) {
      expect(advise({ history }, { minReplicas: 2 })).toMatchObject({
        recommendedReplicas: 2,
        wantedReplicas: 0,
        bound: 'min-replicas',
        reason: 'nothing is asked of it: 2 by the least allowed',
      });
      expect(advise({ history }, { minReplicas: 0 })).toMatchObject({
        recommendedReplicas: 0,
        bound: 'load',
      });
    }
  });

  it('is none where no instance tells what one could do', () => {
    const advice = advise({ replicas: [], waitingRequests: 5 });
    expect(advice.recommendedReplicas).toBeUndefined();
    expect(advice.reason).toBe('no instance serves it, so nobody knows what one could do');
  });

  it('says that no batch keeps to the target, and that no number would do', () => {
    const replicas = [{ capacity: REFERENCE_CAPACITY, gpus: 1 }];
    const advice = advise({ replicas });
    expect(advice).toMatchObject({ recommendedReplicas: undefined, wantedReplicas: undefined });
    expect(advice.replica!.canKeepTarget).toBe(false);
    expect(advice.reason).toContain('for none keeps to 10 ms; no number would do');
    expect(advise({ replicas }, { maxReplicas: 3 })).toMatchObject({
      recommendedReplicas: 3,
      bound: 'max-replicas',
    });
  });

  it('gives nobody more than was asked for, when a budget is divided between two kinds', () => {
    const load = { requests: 60, promptTokens: 1000, outputTokens: 60 };
    // A replica for prompts and 0.6 of one that generates, of 2 GPUs each: 2 GPUs are one too few for both.
    expect(advise({ history: [load] }, { maxGpus: 2, minReplicas: 0 }).apart).toEqual({
      prefill: 0,
      decode: 1,
    });
  });
});
