import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import { type ForecastFacts, ManualClock } from '../../domain/index.ts';
import { placeOf } from '../instance-class.ts';
import type { LatencyModel, Observation } from '../latency-model.ts';
import { CoefficientLearner } from '../online/coefficient-learner.ts';
import { stepPrior } from '../priors/index.ts';
import {
  type ExternalAnswer,
  ExternalModel,
  type ExternalModelParts,
  type ExternalQuestion,
} from './external-model.ts';

const place = placeOf(anInstance('a', { gpuType: 'H100' }), 'm');
const FACTS: ForecastFacts = {
  instanceId: 'a',
  model: 'm',
  uncachedTokens: 500,
  cachedTokens: 0,
  queuedPrefillTokens: 0,
  decodingRequests: 3,
  kvTokens: 900,
};
const FALLBACK = { mean: 1, standardDeviation: 0 };
const answer = (mean: number): ExternalAnswer => ({
  ttft: { mean, standardDeviation: 1 },
  tpot: { mean: mean / 10, standardDeviation: 1 },
});

/** A service whose answers are given by hand. */
function asking(options: Partial<ExternalModelParts> = {}) {
  const clock = new ManualClock(0);
  const questions: ExternalQuestion[] = [];
  const replies: { answer(given: unknown): void; fail(): void }[] = [];
  const learnt: Observation[] = [];
  const coefficients = new CoefficientLearner(stepPrior('m', { gpuCount: 1 })).coefficients();
  const fallback: LatencyModel = {
    coefficients: () => coefficients,
    ttft: () => FALLBACK,
    tpot: () => FALLBACK,
    learn: (observation) => learnt.push(observation),
  };
  const ask = (question: ExternalQuestion) => {
    questions.push(question);
    return new Promise<ExternalAnswer>((resolve, reject) => {
      replies.push({
        answer: (given) => resolve(given as ExternalAnswer),
        fail: () => reject(new Error('connection refused')),
      });
    });
  };
  const model = new ExternalModel({
    ask,
    clock,
    fallback,
    refreshMs: 1000,
    maxAgeMs: 5000,
    timeoutMs: 300,
    maxAsking: 2,
    maxAnswers: 3,
    ...options,
  });
  return { clock, questions, replies, model, learnt, coefficients };
}

/** Lets promises that are settled be heard. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function answered(options: Partial<ExternalModelParts> = {}) {
  const all = asking(options);
  all.model.ttft(FACTS, place);
  await settled();
  all.replies[0]!.answer(answer(80));
  await settled();
  return all;
}

describe('while there is no answer', () => {
  it('the fallback speaks, and the service is asked once', async () => {
    const { model, questions } = asking();
    expect(model.ttft(FACTS, place)).toBe(FALLBACK);
    expect(model.tpot(FACTS, place)).toBe(FALLBACK);
    await settled();
    expect(questions).toEqual([
      { ...FACTS, instanceClass: place.instanceClass, engine: 'openai', gpuType: 'H100', gpuCount: 1 },
    ]);
  });

  it('no more questions are open than allowed', async () => {
    const { model, questions } = asking();
    for (const uncachedTokens of [10, 100, 1000, 10_000]) model.ttft({ ...FACTS, uncachedTokens }, place);
    await settled();
    expect(questions.map(({ uncachedTokens }) => uncachedTokens)).toEqual([10, 100]);
  });
});

describe('an answer', () => {
  it('is used for its question and those close to it', async () => {
    const { model, questions } = await answered();
    expect(model.ttft(FACTS, place)).toEqual(answer(80).ttft);
    expect(model.tpot({ ...FACTS, uncachedTokens: 505 }, place)).toEqual(answer(80).tpot);
    expect(model.ttft({ ...FACTS, uncachedTokens: 5000 }, place)).toBe(FALLBACK);
    await settled();
    expect(questions.length).toBe(2);
  });

  it('that grows old is asked for anew and used meanwhile', async () => {
    const { model, clock, questions, replies } = await answered();
    clock.advance(1001);
    expect(model.ttft(FACTS, place).mean).toBe(80);
    await settled();
    expect(questions.length).toBe(2);
    replies[1]!.answer(answer(90));
    await settled();
    expect(model.ttft(FACTS, place).mean).toBe(90);
  });

  it('that is too old is not used', async () => {
    const { model, clock } = await answered();
    clock.advance(5001);
    expect(model.ttft(FACTS, place)).toBe(FALLBACK);
  });

  it('that was used longest ago is forgotten first', async () => {
    const { model, replies } = await answered();
    for (const [index, uncachedTokens] of [10_000, 20_000, 40_000].entries()) {
      model.ttft({ ...FACTS, uncachedTokens }, place);
      await settled();
      replies[index + 1]!.answer(answer(100 + index));
      await settled();
      if (index < 2) model.ttft(FACTS, place);
    }
    expect(model.ttft(FACTS, place).mean).toBe(80);
    expect(model.ttft({ ...FACTS, uncachedTokens: 10_000 }, place)).toBe(FALLBACK);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'soon'],
    ['no time per token', { ttft: answer(5).ttft }],
    ['a time below zero', answer(-5)],
    ['a time that is no number', { ttft: { mean: '5', standardDeviation: 0 }, tpot: answer(5).tpot }],
    ['a spread below zero', { ...answer(5), tpot: { mean: 5, standardDeviation: -1 } }],
    ['a p80 that is no number', { ...answer(5), ttft: { mean: 5, standardDeviation: 1, p80: Number.NaN } }],
  ])('of %s counts as a failure', async (_, given) => {
    const { model, replies, questions } = asking();
    model.ttft(FACTS, place);
    await settled();
    replies[0]!.answer(given);
    await settled();
    expect(model.ttft(FACTS, place)).toBe(FALLBACK);
    await settled();
    expect(questions.length).toBe(1);
  });
});

describe('a service that fails', () => {
  it('is left alone, for longer each time', async () => {
    const { model, clock, questions, replies } = asking();
    const restedMs: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      model.ttft(FACTS, place);
      await settled();
      replies[failure]!.fail();
      await settled();
      const fromMs = clock.now();
      while (questions.length === failure + 1) {
        clock.advance(250);
        model.ttft(FACTS, place);
        await settled();
      }
      restedMs.push(clock.now() - fromMs);
    }
    expect(restedMs).toEqual([1000, 2000, 4000, 8000]);
  });

  it('by throwing is no different', async () => {
    const { model } = asking({
      ask: () => {
        throw new Error('no address');
      },
    });
    expect(model.ttft(FACTS, place)).toBe(FALLBACK);
    await settled();
    expect(model.ttft(FACTS, place)).toBe(FALLBACK);
  });

  it('by never answering does not keep others from being asked for ever', async () => {
    const { model, clock, questions } = asking({ maxAsking: 1 });
    model.ttft(FACTS, place);
    await settled();
    clock.advance(299);
    model.ttft({ ...FACTS, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.length).toBe(1);
    clock.advance(1);
    model.ttft({ ...FACTS, uncachedTokens: 5000 }, place);
    clock.advance(1000);
    model.ttft({ ...FACTS, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.length).toBe(2);
  });

  it('and is well again is asked at once', async () => {
    const { model, clock, replies, questions } = asking();
    model.ttft(FACTS, place);
    await settled();
    clock.advance(300);
    model.tpot({ ...FACTS, uncachedTokens: 5000 }, place);
    replies[0]!.answer(answer(70));
    await settled();
    expect(model.ttft(FACTS, place).mean).toBe(70);
    model.ttft({ ...FACTS, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.length).toBe(2);
  });
});

it('leaves coefficients and learning to the fallback', () => {
  const { model, learnt, coefficients } = asking();
  model.learn({ of: 'ttft', facts: FACTS, ms: 5, predictedMs: 4 }, place);
  expect(learnt.length).toBe(1);
  expect(model.coefficients(place)).toBe(coefficients);
});
