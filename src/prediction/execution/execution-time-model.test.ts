import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import type { ForecastFacts, PredictedMs, StepCoefficients } from '../../domain/index.ts';
import { placeOf } from '../instance-class.ts';
import type { LatencyModel, Observation } from '../latency-model.ts';
import { ExecutionTimeModel } from './execution-time-model.ts';
import type { RequestShape } from './execution-times.ts';

const place = placeOf(anInstance('a'), 'm');
const FACTS: ForecastFacts = {
  instanceId: 'a',
  model: 'm',
  uncachedTokens: 90,
  cachedTokens: 10,
  queuedPrefillTokens: 0,
  decodingRequests: 2,
  kvTokens: 50,
  outputTokens: 11,
};
const COEFFICIENTS: StepCoefficients = {
  fixedMs: 1,
  weightsMs: 2,
  msPerToken: 3,
  msPerPair: 4,
  msPerKvToken: 5,
  msPerRequest: 6,
  maxBatchedTokens: 2048,
};

/** The base takes 1 ms a prompt token and 1 ms a queued one, and 10 ms for each token of the answer. */
function modelOf(told: (shape: RequestShape) => PredictedMs | undefined) {
  const learnt: Observation[] = [];
  const forgotten: string[] = [];
  const base: LatencyModel = {
    coefficients: () => COEFFICIENTS,
    ttft: ({ uncachedTokens, queuedPrefillTokens }) => ({
      mean: uncachedTokens + queuedPrefillTokens,
      standardDeviation: 9,
      p80: 2 * uncachedTokens,
    }),
    tpot: () => ({ mean: 10, standardDeviation: 1 }),
    learn: (observation) => learnt.push(observation),
    forgetInstance: (id) => forgotten.push(id),
  };
  const shapes: RequestShape[] = [];
  const of = (shape: RequestShape) => {
    shapes.push(shape);
    return told(shape);
  };
  return { model: new ExecutionTimeModel({ times: { of }, base }), shapes, learnt, forgotten };
}

const exactly = (mean: number) => () => ({ mean, standardDeviation: 0 });

describe('a time of the whole request', () => {
  it('is divided as the model beneath divides its own', () => {
    // The base says 90 + 10 · 10 = 190.
    const { model } = modelOf(exactly(380));
    expect(model.ttft(FACTS, place).mean).toBeCloseTo(180, 9);
    expect(model.tpot(FACTS, place).mean).toBeCloseTo(20, 9);
  });

  it('does not hold the queue, which comes on top at the told pace', () => {
    const { model } = modelOf(exactly(380));
    expect(model.ttft({ ...FACTS, queuedPrefillTokens: 1000 }, place).mean).toBeCloseTo(2 * 1090, 9);
  });

  it('is asked of a request alone in the queue, among those that generate', () => {
    const { model, shapes } = modelOf(exactly(380));
    model.ttft({ ...FACTS, queuedPrefillTokens: 1000 }, place);
    expect(shapes).toEqual([{ uncachedTokens: 90, cachedTokens: 10, outputTokens: 11, batchSize: 3 }]);
  });

  it('brings its own spread, where it tells one', () => {
    const told = modelOf(() => ({ mean: 380, standardDeviation: 38, p80: 456 }));
    expect(told.model.ttft(FACTS, place)).toEqual({ mean: 180, standardDeviation: 18, p80: 216 });
    const untold = modelOf(exactly(380));
    expect(untold.model.ttft(FACTS, place)).toEqual({ mean: 180, standardDeviation: 18, p80: 360 });
  });

  it.each([
    ['in seconds', 0.38, 1 / 20],
    ['a thousand times too long', 190_000, 20],
  ])('%s is not believed beyond a factor of twenty', (_, mean, factor) => {
    expect(modelOf(exactly(mean)).model.ttft(FACTS, place).mean).toBeCloseTo(90 * factor, 9);
  });
});

describe('coefficients', () => {
  it('are those beneath at the pace told for a usual request', () => {
    const { model } = modelOf(exactly(380));
    model.ttft(FACTS, place);
    expect(model.coefficients(place)).toMatchObject({ fixedMs: 2, msPerKvToken: 10, maxBatchedTokens: 2048 });
  });

  it('are the same object until something changes', () => {
    let mean = 380;
    const { model } = modelOf(() => ({ mean, standardDeviation: 0 }));
    model.ttft(FACTS, place);
    const before = model.coefficients(place);
    expect(model.coefficients(place)).toBe(before);
    mean = 190;
    expect(model.coefficients(place).fixedMs).toBe(1);
  });

  it('come close to what is usual now, request by request', () => {
    const { model, shapes } = modelOf(exactly(380));
    for (let i = 0; i < 200; i++) model.ttft({ ...FACTS, uncachedTokens: i < 100 ? 90 : 900 }, place);
    model.coefficients(place);
    expect(shapes.at(-1)!.uncachedTokens).toBeGreaterThan(890);
  });
});

it('what is usual by now, and nothing is told of yet, lets coefficients stay as they were', () => {
  const { model } = modelOf(({ uncachedTokens }) => (uncachedTokens === 90 ? exactly(380)() : undefined));
  model.ttft(FACTS, place);
  expect(model.coefficients(place).fixedMs).toBe(2);
  model.ttft({ ...FACTS, uncachedTokens: 900 }, place);
  expect(model.coefficients(place).fixedMs).toBe(2);
});

describe('where no time is told', () => {
  it('the model beneath stands in, and that is counted', () => {
    const { model } = modelOf(({ uncachedTokens }) => (uncachedTokens === 90 ? exactly(380)() : undefined));
    model.ttft(FACTS, place);
    const other = { ...FACTS, uncachedTokens: 91 };
    expect(model.ttft(other, place)).toEqual({ mean: 91, standardDeviation: 9, p80: 182 });
    expect(model.tpot(other, place)).toEqual({ mean: 10, standardDeviation: 1 });
    expect(model.sources()).toEqual({ told: 1, stoodIn: 1 });
  });

  it('coefficients are those beneath', () => {
    expect(modelOf(() => undefined).model.coefficients(place)).toBe(COEFFICIENTS);
  });
});

it('lets the model beneath learn and forget', () => {
  const { model, learnt, forgotten } = modelOf(exactly(5));
  model.learn({ of: 'ttft', facts: FACTS, ms: 5, predictedMs: 4 }, place);
  model.forgetInstance('a');
  expect([learnt.length, forgotten]).toEqual([1, ['a']]);
});
