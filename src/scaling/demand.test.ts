import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Capacity } from './capacity.ts';
import { busyShare, replicasApart, replicasTogether, type TogetherDemand } from './demand.ts';
import type { Load } from './load.ts';
import { REFERENCE_CAPACITY } from './reference-capacity.ts';

/** 1,000 prompt tokens a second; a batch of as many as there are milliseconds in the target, at 10 tokens a second each. */
const EVEN: Capacity = {
  promptTokensPerSecond: () => 1000,
  bestDecoding: (tpotTargetMs) => ({
    tokensPerSecond: 10 * tpotTargetMs,
    tpotMs: tpotTargetMs,
    concurrency: tpotTargetMs,
  }),
};

const LOAD: Load = { requests: 600, promptTokens: 100, outputTokens: 50 };
const DEMAND = { load: LOAD, intervalMs: 60_000, tpotTargetMs: 10 };

describe('replicas apart', () => {
  const apart = (prefill = 1, decode = 1, load = LOAD) =>
    replicasApart({ ...DEMAND, load, corrections: { prefill, decode }, prefill: EVEN, decode: EVEN });

  it('are the tokens a second by what one does, rounded up', () => {
    // 1,000 prompt tokens and 500 generated ones a second, by 1,000 and 100.
    expect(apart()).toEqual({ prefill: 1, decode: 5 });
    expect(apart(1, 1, { ...LOAD, requests: 601 })).toEqual({ prefill: 2, decode: 6 });
  });

  it('are fewer where prompts are faster than foretold, not more where they are slower', () => {
    const load = { ...LOAD, requests: 6000 };
    expect([0.5, 1, 2].map((factor) => apart(factor, 1, load).prefill)).toEqual([5, 10, 10]);
  });

  it('are more where a token takes longer than foretold', () => {
    expect([0.5, 1, 2].map((factor) => apart(1, factor).decode)).toEqual([3, 5, 10]);
    expect(apart(1, 0).decode).toBe(5);
  });

  it('are none for nothing, and without end where nobody keeps to the target', () => {
    expect(apart(1, 1, { ...LOAD, requests: 0 })).toEqual({ prefill: 0, decode: 0 });
    const demand = { ...DEMAND, tpotTargetMs: 10, prefill: EVEN, decode: REFERENCE_CAPACITY };
    expect(replicasApart(demand).decode).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('replicas of one kind', () => {
  const demand = (fields: Partial<TogetherDemand> = {}): TogetherDemand => ({
    ...DEMAND,
    capacity: EVEN,
    utilisation: 1,
    ...fields,
  });

  it('are the fewest whose time suffices for prompts, and for answers in what the prompts leave', () => {
    // With 6: 1/6 of the time for prompts, so a batch for 5/6 of the target does 83.3 a second, and 83.3 come. With 5, 100 by 80.
    expect(busyShare(demand(), 6)).toBeCloseTo(1 / 6 + 1, 9);
    // With 7: 1/7 + (500/7)/(100·6/7) = 0.976.
    expect(busyShare(demand(), 7)).toBeCloseTo(1 / 7 + 5 / 6, 9);
    expect(replicasTogether(demand())).toBe(7);
  });

  it('fall behind where prompts alone take all of their time', () => {
    expect(busyShare(demand(), 1)).toBe(Number.POSITIVE_INFINITY);
    expect(busyShare(demand({ load: { ...LOAD, requests: 1200, outputTokens: 0 } }), 1)).toBe(2);
  });

  it('leave room where they should not be busy all the time', () => {
    expect(replicasTogether(demand({ utilisation: 0.5 }))).toBe(13);
    expect(busyShare(demand(), 12)).toBeGreaterThan(0.5);
    expect(busyShare(demand(), 13)).toBeLessThanOrEqual(0.5);
  });

  it('are as many as the prompts take where nothing is generated', () => {
    expect(replicasTogether(demand({ load: { ...LOAD, requests: 3000, outputTokens: 0 } }))).toBe(5);
  });

  it('are none for nothing, and without end where no number keeps up', () => {
    expect(replicasTogether(demand({ load: { ...LOAD, requests: 0 } }))).toBe(0);
    const hopeless = demand({ capacity: REFERENCE_CAPACITY, tpotTargetMs: 10 });
    expect(replicasTogether(hopeless)).toBe(Number.POSITIVE_INFINITY);
  });

  it('suffice, one fewer does not, and more load never takes fewer', () => {
    const loads = fc.record({
      requests: fc.integer({ min: 1, max: 100_000 }),
      promptTokens: fc.integer({ min: 1, max: 8000 }),
      outputTokens: fc.integer({ min: 0, max: 2000 }),
    });
    fc.assert(
      fc.property(loads, fc.double({ min: 0.1, max: 1, noNaN: true }), (load, utilisation) => {
        const asked = demand({ load, utilisation });
        const found = replicasTogether(asked);
        expect(busyShare(asked, found)).toBeLessThanOrEqual(utilisation);
        if (found > 1) expect(busyShare(asked, found - 1)).toBeGreaterThan(utilisation);
        const more = demand({ load: { ...load, requests: load.requests * 2 }, utilisation });
        expect(replicasTogether(more)).toBeGreaterThanOrEqual(found);
      }),
    );
  });
});
