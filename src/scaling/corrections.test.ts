import { describe, expect, it } from 'vitest';
import { correctionsFrom, isMeasured, type SeenInterval } from './corrections.ts';
import { REFERENCE_CAPACITY } from './reference-capacity.ts';

function seen(fields: Partial<SeenInterval> = {}): SeenInterval {
  const load = { requests: 120, promptTokens: 1000, outputTokens: 200 };
  return {
    load,
    intervalMs: 60_000,
    decodeReplicas: 2,
    ttftMs: 300,
    tpotMs: 33,
    durationMs: 2000,
    ...fields,
  };
}

describe('corrections', () => {
  it('are what was seen, as a multiple of what the profile foretells', () => {
    // 150 ms to the first token; one a second for each of two, for 2 s: a batch of 2 at 1,100 tokens takes 35 ms.
    expect(correctionsFrom(seen(), REFERENCE_CAPACITY)).toEqual({ prefill: 2, decode: 33 / 35 });
  });

  it('take a request for one second where nobody knows how long it took', () => {
    const { durationMs: _, ...unknown } = seen();
    expect(correctionsFrom(unknown, REFERENCE_CAPACITY).decode).toBe(33 / 33);
    expect(correctionsFrom(seen({ durationMs: 0 }), REFERENCE_CAPACITY).decode).toBe(33 / 33);
  });

  it('stay where nothing was seen, or nobody generated', () => {
    const before = { prefill: 1.5, decode: 0.5 };
    const { ttftMs: _, tpotMs: __, ...nothing } = seen();
    expect(correctionsFrom(nothing, REFERENCE_CAPACITY, before)).toEqual(before);
    expect(correctionsFrom(seen({ decodeReplicas: 0 }), REFERENCE_CAPACITY, before).decode).toBe(0.5);
    expect(correctionsFrom(nothing, REFERENCE_CAPACITY)).toEqual({ prefill: 1, decode: 1 });
  });
});

describe('an interval', () => {
  it('is measured when there were requests, lengths and both times', () => {
    expect(isMeasured(seen())).toBe(true);
    const { ttftMs: _, ...withoutTtft } = seen();
    const { tpotMs: __, ...withoutTpot } = seen();
    expect([withoutTtft, withoutTpot].map(isMeasured)).toEqual([false, false]);
    for (const field of ['requests', 'promptTokens', 'outputTokens'] as const) {
      expect(isMeasured(seen({ load: { ...seen().load, [field]: 0 } }))).toBe(false);
    }
  });
});
