import { describe, expect, it } from 'vitest';
import { aPredictor, aRequest, aView, type ViewFields } from '../../../test/builders.ts';
import { prefixesOf, scoredBy } from '../../../test/routing-fixtures.ts';
import type { StepCoefficients } from '../../domain/index.ts';

const STEP: StepCoefficients = {
  fixedMs: 1,
  weightsMs: 8,
  msPerToken: 0.03,
  msPerPair: 1e-6,
  msPerKvToken: 5e-5,
  msPerRequest: 0.02,
  maxBatchedTokens: 2_048,
};
const inputs = { predictor: aPredictor(STEP) };

/** The cost as the formula has it, with everything written out. */
function cost(
  { u, h, D = 0, kv = 0, B = 0, queued = 0, pairs = 0, progressMs = 0 }: Record<string, number>,
  meanB: number,
  [beta, gamma] = [0.03, 0.2],
): number {
  const stepMs = 1 + Math.sqrt(8 ** 2 + (0.03 * 2_048) ** 2) + 5e-5 * kv! + 0.02 * (D! + 1);
  const tok = stepMs / (2_048 - D!);
  const W = queued! * tok + 1e-6 * pairs! - progressMs!;
  const attention = 1e-6 * u! * (h! + u! / 2);
  return W + u! * tok + attention + (u! * 0.03 + attention) * (beta! * B! + gamma! * meanB);
}
const inMs = (value: number): string => `costs ${Number(value.toFixed(2))} ms in all`;

describe('marginal cost', () => {
  const busy: ViewFields = {
    inFlightRequests: 7,
    work: { uncachedTokens: 3_000, pairs: 4e6, decodingRequests: 4, decodingKvTokens: 9_000 },
  };

  it('is what is queued, the own prompt, and what that takes from others', () => {
    const { reasons, scores } = scoredBy(
      'mc',
      aRequest({ promptTokens: 1_000 }),
      [aView('idle'), aView('busy', busy)],
      {
        inputs,
      },
    );
    const idle = cost({ u: 1_000, h: 0 }, 3.5);
    const full = cost({ u: 1_000, h: 0, D: 4, kv: 9_000, B: 7, queued: 3_000, pairs: 4e6 }, 3.5);
    expect(reasons).toEqual({ idle: inMs(idle), busy: inMs(full) });
    expect(scores.idle).toBe(1);
    expect(scores.busy).toBeCloseTo(idle / full, 12);
  });

  it('takes off what the engine has done of the first prompt, but never more than that prompt', () => {
    const work = {
      uncachedTokens: 500,
      pairs: 1_000,
      headUncachedTokens: 200,
      headPairs: 400,
      headSinceMs: 100,
    };
    const views = [aView('a', { work })];
    const asked = (nowMs: number) =>
      scoredBy('mc', aRequest({ promptTokens: 10 }), views, { inputs, nowMs }).reasons.a;
    const facts = { u: 10, h: 0, queued: 500, pairs: 1_000 };
    expect(asked(100)).toBe(inMs(cost(facts, 0)));
    expect(asked(102)).toBe(inMs(cost({ ...facts, progressMs: 2 }, 0)));
    const headMs = cost({ u: 200, h: 0, pairs: 0 }, 0) - 1e-6 * 200 * 100 + 1e-6 * 400;
    expect(asked(9_999)).toBe(inMs(cost({ ...facts, progressMs: headMs }, 0)));
  });

  it('counts only what is not held, and at least one token', () => {
    const prefixes = prefixesOf({ half: 500, all: 1_000 });
    const views = ['none', 'half', 'all'].map((id) => aView(id));
    const { reasons } = scoredBy('mc', aRequest({ promptTokens: 1_000 }), views, {
      inputs: { ...inputs, prefixes },
    });
    expect(reasons).toEqual({
      none: inMs(cost({ u: 1_000, h: 0 }, 0)),
      half: inMs(cost({ u: 500, h: 500 }, 0)),
      all: inMs(cost({ u: 1, h: 999 }, 0)),
    });
  });

  it('values a prefix the more, the busier the fleet is', () => {
    const prefixes = prefixesOf({ holder: 900 });
    const choice = (inFlightRequests: number): string | undefined => {
      const queued = { uncachedTokens: 1_600, pairs: 0 };
      const views = [
        aView('holder', { inFlightRequests, work: queued }),
        aView('other', { inFlightRequests }),
      ];
      const { scores } = scoredBy('mc', aRequest({ promptTokens: 1_000 }), views, {
        inputs: { ...inputs, prefixes },
      });
      return Object.keys(scores).find((id) => scores[id] === 1);
    };
    expect(choice(0)).toBe('other');
    expect(choice(40)).toBe('holder');
  });

  it('takes its weights from its parameters', () => {
    const views = [aView('busy', busy)];
    const { reasons } = scoredBy('mc', aRequest({ promptTokens: 100 }), views, {
      inputs,
      parameters: { beta: 1, gamma: 0 },
    });
    const facts = { u: 100, h: 0, D: 4, kv: 9_000, B: 7, queued: 3_000, pairs: 4e6 };
    expect(reasons.busy).toBe(inMs(cost(facts, 7, [1, 0])));
  });

  it('without a predictor is the product of LMetric', () => {
    const request = aRequest({ promptTokens: 100 });
    const views = [aView('idle'), aView('busy', { inFlightRequests: 3, work: { uncachedTokens: 50 } })];
    const options = { inputs: { prefixes: prefixesOf({ busy: 90 }) } };
    const fallback = scoredBy('mc', request, views, options);
    expect(fallback).toEqual(scoredBy('lmetric', request, views, options));
    expect(fallback.reasons).toEqual({
      idle: '100 = tokens to compute × requests',
      busy: '240 = tokens to compute × requests',
    });
  });
});
