import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler, aView } from '../../test/builders.ts';
import type {
  ForecastFacts,
  ForecastingPredictor,
  LatencyPredictor,
  StepCoefficients,
} from '../domain/index.ts';
import { findPreset, RoutingProfile } from '../routing/index.ts';
import { heldTokens, predictTtft } from './predict-ttft.ts';

/** A prompt token takes a millisecond, nothing else takes any time. */
const STEPS: StepCoefficients = {
  fixedMs: 0,
  weightsMs: 0,
  msPerToken: 1,
  msPerPair: 0,
  msPerKvToken: 0,
  msPerRequest: 0,
  maxBatchedTokens: 1_000,
};

function aPredictor(): LatencyPredictor & { readonly asked: ForecastFacts[] } {
  const asked: ForecastFacts[] = [];
  return {
    name: 'a millisecond a token',
    asked,
    coefficients: () => STEPS,
    ttft(facts) {
      asked.push(facts);
      return { mean: facts.queuedPrefillTokens + facts.uncachedTokens, standardDeviation: 1 };
    },
    tpot: () => ({ mean: 1, standardDeviation: 0 }),
    expectedOutputTokens: () => 1,
    accuracy: () => ({ samples: 0, ttftMape: Number.NaN, tpotMape: Number.NaN, ttftWithinP80: Number.NaN }),
  };
}

const ask = (
  work: NonNullable<Parameters<typeof aView>[1]>['work'],
  nowMs = 0,
  held = 0,
  promptTokens = 100,
) => {
  const predictor = aPredictor();
  const predicted = predictTtft(
    aRequest({ promptTokens }),
    aView('a', work === undefined ? {} : { work }),
    held,
    predictor,
    nowMs,
  );
  return { predicted, facts: predictor.asked[0]! };
};

describe('predicting the first token', () => {
  it('says nothing where nothing predicts', () => {
    expect(predictTtft(aRequest(), aView('a'), 0, undefined, 0)).toBeUndefined();
  });

  it('counts what is queued before the prompt and the prompt itself', () => {
    const { predicted, facts } = ask({
      uncachedTokens: 300,
      pairs: 9_000,
      decodingRequests: 4,
      decodingKvTokens: 70,
    });
    expect(predicted?.mean).toBe(400);
    expect(facts).toMatchObject({
      instanceId: 'a',
      model: 'm',
      queuedPrefillPairs: 9_000,
      decodingRequests: 4,
      kvTokens: 70,
    });
  });

  it('takes off what the instance holds of the prompt, but for its last token', () => {
    expect(ask({}, 0, 60).facts).toMatchObject({ uncachedTokens: 40, cachedTokens: 60 });
    expect(ask({}, 0, 100).facts).toMatchObject({ uncachedTokens: 1, cachedTokens: 99 });
    expect(ask({}, 0, 500).facts).toMatchObject({ uncachedTokens: 1, cachedTokens: 99 });
  });

  it('takes off what is computed of the prompt that is first by now, and never all of it', () => {
    const work = {
      uncachedTokens: 300,
      pairs: 2_000,
      headUncachedTokens: 100,
      headPairs: 1_000,
      headSinceMs: 50,
    };
    expect(ask(work, 50).facts).toMatchObject({ queuedPrefillTokens: 300, queuedPrefillPairs: 2_000 });
    expect(ask(work, 100).facts).toMatchObject({ queuedPrefillTokens: 250, queuedPrefillPairs: 1_500 });
    expect(ask(work, 10_000).facts.queuedPrefillTokens).toBeCloseTo(205);
    expect(ask(work, 10_000).facts.queuedPrefillPairs).toBeCloseTo(1_050);
  });
});

describe('a predictor that follows each instance itself', () => {
  it('is asked about the load that it knows', () => {
    const plain = aPredictor();
    const predictor: ForecastingPredictor = {
      ...plain,
      facts: (question, nowMs) => ({
        ...question,
        queuedPrefillTokens: nowMs,
        decodingRequests: 0,
        kvTokens: 0,
      }),
    };
    const view = aView('a', { work: { uncachedTokens: 300 } });
    expect(predictTtft(aRequest({ promptTokens: 100 }), view, 60, predictor, 7)?.mean).toBe(47);
    expect(plain.asked).toMatchObject([
      { instanceId: 'a', model: 'm', uncachedTokens: 40, cachedTokens: 60 },
    ]);
  });
});

describe('heldTokens', () => {
  const prefixes = {
    cachedTokens: (_request: unknown, instanceId: string) => (instanceId === 'a' ? 30 : 0),
    cachedTokensOfAll() {},
    heldTokensOfAll() {},
  };

  it('asks the prefix index, where there is one', () => {
    expect(heldTokens(aRequest(), aView('a'), { prefixes })).toBe(30);
    expect(heldTokens(aRequest(), aView('b'), { prefixes })).toBe(0);
    expect(heldTokens(aRequest(), aView('a'), {})).toBe(0);
  });
});

describe('a decision', () => {
  const dispatch = (inputs: ConstructorParameters<typeof RoutingProfile>[1]) => {
    const { scheduler } = aScheduler({ instances: [anInstance('a')] });
    scheduler.reconfigure({ profile: new RoutingProfile(findPreset('least-loaded'), inputs) });
    const decide = (id: string) => {
      const [effect] = scheduler.handle({
        type: 'request-arrived',
        request: aRequest({ id, promptTokens: 100 }),
      });
      if (effect?.type !== 'dispatch') throw new Error('expected a dispatch');
      return effect.decision;
    };
    return [decide('first'), decide('second')] as const;
  };

  it('carries what was predicted before it had an effect', () => {
    const [first, second] = dispatch({ predictor: aPredictor() });
    expect(first.predictedTtftMs).toEqual({ mean: 100, standardDeviation: 1 });
    expect(second.predictedTtftMs).toEqual({ mean: 200, standardDeviation: 1 });
  });

  it('carries none where nothing predicts', () => {
    expect(dispatch({})[0]).not.toHaveProperty('predictedTtftMs');
  });
});
