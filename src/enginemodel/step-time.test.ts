import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aProfile } from './__fixtures__/profiles.ts';
import { findProfile } from './profiles/index.ts';
import { stepGrowthMs, stepTimeMs } from './step-time.ts';

const zero = { weightReadMs: 0 };

describe('the time of a step', () => {
  const load = {
    decodes: 3,
    decodeKvTokens: 1000,
    chunks: [
      { contextTokens: 0, tokens: 100 },
      { contextTokens: 200, tokens: 50 },
    ],
  };

  it.each([
    ['the fixed part', { ...zero, fixedMs: 2 }, 2],
    ['the weights read once', { weightReadMs: 7 }, 7],
    ['each token in the linear layers', { ...zero, linearMsPerToken: 0.1 }, 15.3],
    ['each pair of query and key in prefill', { ...zero, prefillMsPerPair: 0.001 }, 16.25],
    ['each KV token that decodes read', { ...zero, decodeMsPerKvToken: 0.01 }, 10],
    ['each request in the step', { ...zero, perRequestMs: 0.5 }, 2.5],
  ])('counts %s', (_, constants, expected) => {
    expect(stepTimeMs(aProfile(constants), load)).toBeCloseTo(expected, 9);
  });

  it('joins memory-bound floor and compute-bound slope by the 2-norm', () => {
    const profile = aProfile({ weightReadMs: 3, linearMsPerToken: 4 / 153 });
    expect(stepTimeMs(profile, load)).toBeCloseTo(5, 9);
  });

  it('does not matter how a prefill is cut, as far as attention goes', () => {
    const profile = aProfile({ ...zero, prefillMsPerPair: 0.001 });
    const whole = { decodes: 0, decodeKvTokens: 0, chunks: [{ contextTokens: 0, tokens: 300 }] };
    const first = { ...whole, chunks: [{ contextTokens: 0, tokens: 120 }] };
    const second = { ...whole, chunks: [{ contextTokens: 120, tokens: 180 }] };
    expect(stepTimeMs(profile, first) + stepTimeMs(profile, second)).toBeCloseTo(
      stepTimeMs(profile, whole),
      9,
    );
  });

  it('never falls when there is more to do', () => {
    const profile = findProfile('llama-3-8b@h100');
    const count = fc.nat(4096);
    fc.assert(
      fc.property(count, count, count, count, (decodes, kv, tokens, more) => {
        const small = { decodes, decodeKvTokens: kv, chunks: [{ contextTokens: kv, tokens: tokens + 1 }] };
        const large = { ...small, decodes: decodes + more, decodeKvTokens: kv + more };
        expect(stepTimeMs(profile, large)).toBeGreaterThanOrEqual(stepTimeMs(profile, small));
      }),
    );
  });
});

describe('the growth from step to step', () => {
  it('is what one more KV token for each decode costs', () => {
    const profile = findProfile('llama-3-70b@h100x4');
    const step = (kv: number) => stepTimeMs(profile, { decodes: 8, decodeKvTokens: kv, chunks: [] });
    expect(stepGrowthMs(profile, 8)).toBeCloseTo(step(8008) - step(8000), 12);
  });
});
