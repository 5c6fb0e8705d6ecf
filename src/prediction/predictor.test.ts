import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler } from '../../test/builders.ts';
import type { ForecastFacts, RequestMetadata } from '../domain/index.ts';
import type { LatencyModel, Observation } from './latency-model.ts';
import { CoefficientLearner } from './online/coefficient-learner.ts';
import { Predictor } from './predictor.ts';
import { stepPrior } from './priors/index.ts';

const PRIOR = stepPrior('m', { gpuCount: 1 });

/** Foretells a millisecond for each prompt token, and writes down what it is told. */
function aTokenCounter(): LatencyModel & {
  readonly observations: Observation[];
  readonly asked: ForecastFacts[];
} {
  const observations: Observation[] = [];
  const asked: ForecastFacts[] = [];
  return {
    observations,
    asked,
    coefficients: () => new CoefficientLearner(PRIOR).coefficients(),
    ttft(facts) {
      asked.push(facts);
      return { mean: facts.uncachedTokens + facts.queuedPrefillTokens, standardDeviation: 0 };
    },
    tpot: (facts) => ({ mean: 10 + facts.decodingRequests, standardDeviation: 0 }),
    learn: (observation) => observations.push(observation),
  };
}

const a = anInstance('a');
const streamed = (fields: Partial<RequestMetadata> = {}) =>
  aRequest({ stream: true, promptTokens: 100, ...fields });

function watching() {
  const model = aTokenCounter();
  const predictor = new Predictor({ name: 'test', model });
  predictor.onInstanceRegistered(a);
  return { model, predictor };
}

const completed = { latencyMs: 0, queueMs: 0 } as const;

describe('what it learns', () => {
  it('is the time to the first token with the facts at the dispatch', () => {
    const { model, predictor } = watching();
    const request = streamed();
    predictor.onRequestDispatched(request, a, 1000);
    predictor.onFirstToken(request, a, 150, 1150);
    predictor.onSettled();
    expect(model.observations).toEqual([
      {
        of: 'ttft',
        facts: expect.objectContaining({ uncachedTokens: 100, queuedPrefillTokens: 0 }),
        ms: 150,
        predictedMs: 100,
      },
    ]);
  });

  it('is the time of the tokens after it, with what else happened there', () => {
    const { model, predictor } = watching();
    const [mine, other] = [streamed(), streamed()];
    predictor.onRequestDispatched(mine, a, 0);
    predictor.onFirstToken(mine, a, 100, 100);
    predictor.onRequestDispatched(other, a, 100);
    predictor.onFirstToken(other, a, 100, 200);
    predictor.onRequestCompleted(mine, { ...completed, outputTokens: 21 }, a, 300);
    predictor.onSettled();
    expect(model.observations.at(-1)).toEqual({
      of: 'decode',
      mix: expect.objectContaining({ steps: 20, decodingRequests: 1.5, prompts: 1, prefillTokens: 100 }),
      ms: 200,
      predictedMs: 10,
    });
  });

  it('is the whole time of an answer in one piece, whose first byte is no first token', () => {
    const { model, predictor } = watching();
    const request = streamed({ stream: false });
    predictor.onRequestDispatched(request, a, 0);
    predictor.onFirstToken(request, a, 500, 500);
    predictor.onRequestCompleted(request, { ...completed, outputTokens: 41 }, a, 500);
    predictor.onSettled();
    expect(model.observations).toEqual([
      { of: 'whole', facts: expect.anything(), mix: expect.objectContaining({ steps: 40 }), ms: 500 },
    ]);
    expect(predictor.accuracy().samples).toBe(0);
  });

  it('of an answer in one piece that came sooner than its first token was foretold leaves nothing out', () => {
    const { model, predictor } = watching();
    const request = streamed({ stream: false, promptTokens: 10_000 });
    predictor.onRequestDispatched(request, a, 0);
    predictor.onRequestCompleted(request, { ...completed, outputTokens: 41 }, a, 500);
    predictor.onSettled();
    expect(model.observations).toMatchObject([
      { of: 'whole', mix: { steps: 40, decodingRequests: 1 }, ms: 500 },
    ]);
  });

  it('is the prompt alone where nothing is generated', () => {
    const { model, predictor } = watching();
    const request = streamed({ kind: 'embedding', stream: false });
    predictor.onRequestDispatched(request, a, 0);
    predictor.onRequestCompleted(request, completed, a, 80);
    predictor.onSettled();
    expect(model.observations).toMatchObject([{ of: 'whole', mix: { steps: 0 }, ms: 80 }]);
  });

  it.each([
    ['of unknown length', {}],
    ['of one token', { outputTokens: 1 }],
    ['of four tokens', { outputTokens: 4 }],
  ])('is nothing of the pace of an answer %s', (_, facts) => {
    const { model, predictor } = watching();
    const request = streamed();
    predictor.onRequestDispatched(request, a, 0);
    predictor.onFirstToken(request, a, 100, 100);
    predictor.onRequestCompleted(request, { ...completed, ...facts }, a, 200);
    predictor.onSettled();
    expect(model.observations.filter(({ of }) => of === 'decode')).toEqual([]);
  });

  it('is nothing from what failed, nor from what it never saw begin', () => {
    const { model, predictor } = watching();
    const request = streamed();
    predictor.onRequestDispatched(request, a, 0);
    predictor.onRequestFailed(request, a, 50);
    predictor.onFirstToken(request, a, 100, 100);
    predictor.onRequestCompleted(streamed(), { ...completed, outputTokens: 50 }, a, 200);
    predictor.onSettled();
    expect(model.observations).toEqual([]);
  });
});

describe('the facts', () => {
  const question = { instanceId: 'a', model: 'm', uncachedTokens: 50, cachedTokens: 5 };

  it('are of an idle instance at first, and of one that nobody knows', () => {
    const idle = { queuedPrefillTokens: 0, decodingRequests: 0, kvTokens: 0 };
    const { predictor } = watching();
    expect(predictor.facts(question, 0)).toMatchObject({ ...question, ...idle });
    expect(predictor.facts({ ...question, instanceId: 'x' }, 0)).toMatchObject(idle);
  });

  it('tell of prompts and of those who generate', () => {
    const { predictor } = watching();
    const first = streamed({ promptTokens: 300 });
    predictor.onRequestDispatched(first, a, 0);
    predictor.onRequestDispatched(streamed({ promptTokens: 200 }), a, 0);
    expect(predictor.facts(question, 0)).toMatchObject({ queuedPrefillTokens: 500, decodingRequests: 0 });
    predictor.onFirstToken(first, a, 30, 30);
    expect(predictor.facts(question, 30)).toMatchObject({
      queuedPrefillTokens: 200,
      decodingRequests: 1,
      kvTokens: 300,
    });
  });

  it('leave out what the instance holds already, as far as it is told', () => {
    const model = aTokenCounter();
    const predictor = new Predictor({ name: 'test', model, cachedTokens: () => 64 });
    predictor.onRequestDispatched(streamed(), a, 0);
    expect(model.asked).toMatchObject([{ uncachedTokens: 36, cachedTokens: 64 }]);
  });

  it.each([
    [1e9, 1],
    [-5, 100],
  ])('keep %d cached tokens within the prompt', (held, uncachedTokens) => {
    const model = aTokenCounter();
    const predictor = new Predictor({ name: 'test', model, cachedTokens: () => held });
    predictor.onRequestDispatched(streamed(), a, 0);
    expect(model.asked).toMatchObject([{ uncachedTokens }]);
  });

  it('are those of an instance that comes back empty after it went', () => {
    const { predictor } = watching();
    const request = streamed();
    predictor.onRequestDispatched(request, a, 0);
    predictor.onInstanceRemoved('a');
    predictor.onInstanceRegistered(a);
    predictor.onRequestFailed(request, a, 5);
    expect(predictor.facts(question, 10).queuedPrefillTokens).toBe(0);
  });

  it('stay right over a retry elsewhere', () => {
    const { predictor } = watching();
    const b = anInstance('b');
    const request = streamed();
    predictor.onRequestDispatched(request, a, 0);
    predictor.onRequestFailed(request, a, 5);
    predictor.onRequestDispatched(request, b, 6);
    expect(predictor.facts(question, 6).queuedPrefillTokens).toBe(0);
    expect(predictor.facts({ ...question, instanceId: 'b' }, 6).queuedPrefillTokens).toBe(100);
  });
});

describe('its accuracy', () => {
  it('compares what was foretold at the dispatch with what came', () => {
    const { predictor } = watching();
    const request = streamed();
    predictor.onRequestDispatched(request, a, 0);
    predictor.onFirstToken(request, a, 125, 125);
    predictor.onRequestCompleted(request, { ...completed, outputTokens: 11 }, a, 325);
    expect(predictor.accuracy()).toEqual({ samples: 1, ttftMape: 0.2, tpotMape: 0.5, ttftWithinP80: 0 });
  });
});

describe('the length of answers', () => {
  it('is learnt from completions, and counts once decisions are delivered', () => {
    const { predictor } = watching();
    for (let i = 0; i < 100; i++) {
      predictor.onRequestCompleted(streamed({ tenant: 't' }), { ...completed, outputTokens: 30 + i }, a, i);
    }
    expect(predictor.expectedOutputTokens(streamed({ tenant: 't' }))).toBe(256);
    predictor.onSettled();
    expect(predictor.expectedOutputTokens(streamed({ tenant: 't' }))).toBeCloseTo(79.5, 0);
    expect(predictor.outputTokensQuantile(streamed({ tenant: 't' }), 0.9)).toBeGreaterThan(110);
  });

  it('is not that of embeddings', () => {
    const { predictor } = watching();
    const request = streamed({ kind: 'embedding' });
    predictor.onRequestCompleted(request, { ...completed, outputTokens: 1 }, a, 0);
    predictor.onSettled();
    expect(predictor.expectedOutputTokens(streamed())).toBe(256);
  });
});

describe('as a listener of the scheduler', () => {
  it('hears all it needs', () => {
    const model = aTokenCounter();
    const predictor = new Predictor({ name: 'test', model });
    const { scheduler, clock } = aScheduler({ instances: [a], listeners: [predictor] });
    scheduler.handle({ type: 'request-arrived', request: streamed({ id: 'r' }) });
    clock.advance(120);
    scheduler.handle({ type: 'request-first-token', requestId: 'r' });
    clock.advance(100);
    scheduler.handle({ type: 'request-completed', requestId: 'r', usage: { outputTokens: 11 } });
    scheduler.settle();
    expect(model.observations.map(({ of, ms }) => [of, ms])).toEqual([
      ['ttft', 120],
      ['decode', 100],
    ]);
    expect(
      predictor.facts({ instanceId: 'a', model: 'm', uncachedTokens: 1, cachedTokens: 0 }, 220),
    ).toMatchObject({
      queuedPrefillTokens: 0,
      decodingRequests: 0,
    });
  });
});

it('answers for a model that the instance does not serve, by the prior', () => {
  const { predictor } = watching();
  expect(predictor.coefficients('a', 'made-up')).toMatchObject(PRIOR.coefficients);
  expect(predictor.ttft(predictor.facts(QUESTION_OF_NOBODY, 0)).mean).toBe(7);
});

const QUESTION_OF_NOBODY = { instanceId: 'a', model: 'made-up', uncachedTokens: 7, cachedTokens: 0 };
