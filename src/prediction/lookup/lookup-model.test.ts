import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import type { ForecastFacts } from '../../domain/index.ts';
import { instanceClassOf, placeOf } from '../instance-class.ts';
import { OnlineModel } from '../online/online-model.ts';
import { stepPrior } from '../priors/index.ts';
import { LookupModel, type LookupRow } from './lookup-model.ts';

const instance = anInstance('a', { engine: 'vllm', gpuType: 'H100' });
const place = placeOf(instance, 'm');
const CLASS = instanceClassOf(instance);

function aRow(promptTokens: number, ttft: number, fields: Partial<LookupRow> = {}): LookupRow {
  return {
    model: 'm',
    instanceClass: CLASS,
    promptTokens,
    ttftMs: { mean: ttft, standardDeviation: ttft / 10 },
    tpotMs: { mean: 12, standardDeviation: 2 },
    ...fields,
  };
}

const prior = () => stepPrior('llama-3-8b', { gpuType: 'H100', gpuCount: 1 });

function aModel(rows: readonly LookupRow[]): LookupModel {
  return new LookupModel({
    rows,
    prior,
    fallback: new OnlineModel({ prior, forgetting: 0.995, biasWeight: 0.05 }),
  });
}

const facts = (fields: Partial<ForecastFacts> = {}): ForecastFacts => ({
  instanceId: 'a',
  model: 'm',
  uncachedTokens: 500,
  cachedTokens: 0,
  queuedPrefillTokens: 0,
  decodingRequests: 0,
  kvTokens: 0,
  ...fields,
});

describe('the time to the first token', () => {
  // In any order.
  const model = aModel([aRow(4000, 130), aRow(500, 20), aRow(1000, 35)]);

  it.each([
    [1, 20],
    [500, 20],
    [501, 35],
    [3000, 130],
    [8000, 260],
  ])('of %d prompt tokens is %d ms', (uncachedTokens, mean) => {
    expect(model.ttft(facts({ uncachedTokens }), place)).toEqual({ mean, standardDeviation: mean / 10 });
  });

  it('counts only what must be computed', () => {
    expect(model.ttft(facts({ uncachedTokens: 400, cachedTokens: 3000 }), place).mean).toBe(20);
  });

  it('is longer by what is queued, with the errors of both', () => {
    const { mean, standardDeviation } = model.ttft(facts({ queuedPrefillTokens: 900 }), place);
    expect(mean).toBe(55);
    expect(standardDeviation).toBeCloseTo(Math.hypot(2, 3.5));
  });
});

describe('the time per token', () => {
  const model = aModel([aRow(500, 20), aRow(4000, 130, { tpotMs: { mean: 14, standardDeviation: 1 } })]);

  it.each([
    [500, 12],
    [2000, 14],
    [90_000, 14],
  ])('after a prompt of %d tokens is %d ms', (cachedTokens, mean) => {
    expect(model.tpot(facts({ uncachedTokens: 0, cachedTokens }), place).mean).toBeCloseTo(mean);
  });

  it('is longer where many generate', () => {
    const busy = model.tpot(facts({ decodingRequests: 60, kvTokens: 60_000 }), place);
    expect(busy.mean).toBeGreaterThan(13);
    expect(busy.standardDeviation / busy.mean).toBeCloseTo(2 / 12);
  });
});

describe('of several rows', () => {
  const any = { model: '*', instanceClass: '*' };
  const rows = [
    aRow(1000, 1),
    aRow(1000, 2, { instanceClass: '*' }),
    aRow(1000, 3, { model: '*' }),
    aRow(1000, 4, any),
  ];

  it.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 3],
  ])('the most telling one wins: %d', (mean, missing) => {
    expect(aModel(rows.slice(missing)).ttft(facts(), place).mean).toBe(mean);
  });
});

describe('without a row', () => {
  it('the fallback answers, and learns', () => {
    const model = aModel([aRow(1000, 35, { model: 'other' })]);
    const before = model.ttft(facts(), place).mean;
    for (let i = 0; i < 20; i++) {
      model.learn({ of: 'ttft', facts: facts(), ms: before * 3, predictedMs: before }, place);
    }
    expect(model.ttft(facts(), place).mean / before).toBeGreaterThan(2.5);
    expect(model.tpot(facts(), place).mean).toBeGreaterThan(0);
    expect(model.coefficients(place)).not.toEqual(prior().coefficients);
  });
});

it('has coefficients that come near its rows', () => {
  const perToken = 0.05;
  const rows = [500, 1000, 2000, 4000, 8000].map((tokens) =>
    aRow(tokens, 10 + perToken * tokens, { tpotMs: { mean: 9, standardDeviation: 1 } }),
  );
  const { msPerToken, fixedMs, weightsMs } = aModel(rows).coefficients(place);
  expect(msPerToken / perToken).toBeGreaterThan(0.75);
  expect(msPerToken / perToken).toBeLessThan(1.25);
  expect((fixedMs + weightsMs) / 9).toBeGreaterThan(0.75);
  expect((fixedMs + weightsMs) / 9).toBeLessThan(1.25);
});

describe('refuses', () => {
  const bad = (mean: number, standardDeviation = 1) => ({ mean, standardDeviation });

  it.each<[string, Partial<LookupRow>]>([
    ['row 2: promptTokens must be above 0, found 0', { promptTokens: 0 }],
    ['row 2: ttftMs.mean must be a number above 0, found -1', { ttftMs: bad(-1) }],
    ['row 2: tpotMs.mean must be a number above 0, found NaN', { tpotMs: bad(Number.NaN) }],
    ['row 2: tpotMs.standardDeviation must be a number of at least 0, found -3', { tpotMs: bad(1, -3) }],
  ])('%s', (message, fields) => {
    expect(() => aModel([aRow(1, 1), aRow(100, 35, fields)])).toThrow(`lookup table, ${message}`);
  });
});
