/** What the online predictor learns from engines of the engine model, compared with what it knew before. */

import { describe, expect, it } from 'vitest';
import { type EngineProfile, findProfile } from '../../enginemodel/index.ts';
import {
  anEngine,
  errorOf,
  runTraffic,
  type SyntheticInstance,
  type Traffic,
} from '../__fixtures__/synthetic-fleet.ts';
import { Predictor } from '../predictor.ts';
import { stepPrior } from '../priors/index.ts';
import { OnlineModel } from './online-model.ts';

const SETTINGS = { prior: stepPriorOf, forgetting: 0.995, biasWeight: 0.05 };
const NORMAL: Traffic = {
  requests: 250,
  requestsPerSecond: 3,
  meanPromptTokens: 1000,
  meanOutputTokens: 150,
};

function stepPriorOf({
  model,
  instance,
}: Parameters<ConstructorParameters<typeof OnlineModel>[0]['prior']>[0]) {
  return stepPrior(model, instance);
}

function aPredictor(): Predictor {
  return new Predictor({ name: 'online', model: new OnlineModel(SETTINGS) });
}

/** A predictor that keeps to its prior. */
function aStubborn(): Predictor {
  const model = new OnlineModel(SETTINGS);
  return new Predictor({
    name: 'prior',
    model: {
      coefficients: (place) => model.coefficients(place),
      ttft: (facts, place) => model.ttft(facts, place),
      tpot: (facts, place) => model.tpot(facts, place),
    },
  });
}

/** Of an engine that says neither its model's size nor its accelerator. */
function anUnknown(id: string, profile: EngineProfile): SyntheticInstance {
  return anEngine(id, { ...profile, gpuType: 'secret' }, { models: ['our-model'] });
}

describe.each([
  ['llama-3-8b@h100', NORMAL],
  ['llama-3-70b@h100x4', { ...NORMAL, requestsPerSecond: 2 }],
  ['llama-3-70b@h100x8', NORMAL],
  ['llama-3-70b@a100x4', { ...NORMAL, requestsPerSecond: 1 }],
])('an unknown engine that is in truth %s', (name, traffic) => {
  const fleet = [anUnknown('a', findProfile(name))];
  const learnt = runTraffic(aPredictor(), fleet, traffic);
  const prior = runTraffic(aStubborn(), fleet, traffic);

  it.each(['ttft', 'tpot'] as const)(
    'after 40 requests is foretold far better than by the prior: %s',
    (kind) => {
      const error = errorOf(learnt.slice(40), kind);
      expect(error).toBeLessThan(errorOf(prior.slice(40), kind) / 2);
      expect(error).toBeLessThan(0.2);
    },
  );

  it('has four of five first tokens within the p80', () => {
    const late = learnt.slice(60);
    const within = late.filter(({ ttftMs, predictedTtft }) => ttftMs <= predictedTtft.p80!).length;
    expect(within / late.length).toBeGreaterThan(0.68);
    expect(within / late.length).toBeLessThan(0.92);
  });
});

it('a known engine is foretold well from the first request on', () => {
  const fleet = [anEngine('a', findProfile('llama-3-70b@h100x4'))];
  const outcomes = runTraffic(aPredictor(), fleet, { ...NORMAL, requestsPerSecond: 1, requests: 40 });
  expect(errorOf(outcomes, 'ttft')).toBeLessThan(0.2);
  expect(errorOf(outcomes, 'tpot')).toBeLessThan(0.2);
});

it('long prompts that wait for each other are foretold', () => {
  const fleet = [anUnknown('a', findProfile('llama-3-8b@h100'))];
  const traffic = { ...NORMAL, requestsPerSecond: 2, meanPromptTokens: 8000 };
  expect(errorOf(runTraffic(aPredictor(), fleet, traffic).slice(50), 'ttft')).toBeLessThan(0.15);
});

it('what is spent outside the engine is learnt as overhead', () => {
  const fleet = [anEngine('a', findProfile('llama-3-8b@h100'))];
  const predictor = aPredictor();
  const outcomes = runTraffic(predictor, fleet, { ...NORMAL, overheadMs: 40 });
  expect(predictor.coefficients('a', 'llama-3-8b').overheadMs! / 40).toBeCloseTo(1, 0);
  expect(errorOf(outcomes.slice(40), 'ttft')).toBeLessThan(0.15);
});

it('answers in one piece teach too', () => {
  const fleet = [anUnknown('a', findProfile('llama-3-70b@h100x8'))];
  const predictor = aPredictor();
  const before = errorOf(runTraffic(aStubborn(), fleet, { ...NORMAL, seed: 2 }), 'tpot');
  runTraffic(predictor, fleet, { ...NORMAL, stream: false });
  const after = runTraffic(predictor, fleet, { ...NORMAL, requests: 40, seed: 2 });
  expect(errorOf(after, 'tpot')).toBeLessThan(before / 2);
  expect(errorOf(after, 'tpot')).toBeLessThan(0.25);
});

describe('instances of one class', () => {
  const h100 = findProfile('llama-3-8b@h100');
  const slow = 1.6;
  const hot: EngineProfile = {
    ...h100,
    fixedMs: h100.fixedMs * slow,
    weightReadMs: h100.weightReadMs * slow,
    linearMsPerToken: h100.linearMsPerToken * slow,
    prefillMsPerPair: h100.prefillMsPerPair * slow,
    decodeMsPerKvToken: h100.decodeMsPerKvToken * slow,
  };

  it('share what they learn', () => {
    const predictor = aPredictor();
    runTraffic(predictor, [anUnknown('a', h100)], NORMAL);
    const other = runTraffic(predictor, [anUnknown('b', h100)], { ...NORMAL, requests: 20, seed: 2 });
    expect(errorOf(other, 'ttft')).toBeLessThan(0.2);
  });

  it('have a bias each: the one that runs hot is foretold to be slower', () => {
    const predictor = aPredictor();
    const fleet = [anUnknown('cool', h100), anUnknown('hot', hot)];
    const outcomes = runTraffic(predictor, fleet, { ...NORMAL, requests: 500, requestsPerSecond: 6 }).slice(
      200,
    );
    const perToken = (id: string) => predictor.coefficients(id, 'our-model').msPerToken;
    expect(perToken('hot') / perToken('cool')).toBeGreaterThan(1.35);
    expect(perToken('hot') / perToken('cool')).toBeLessThan(1.85);
    for (const id of ['cool', 'hot']) {
      const own = outcomes.filter(({ instanceId }) => instanceId === id);
      expect(errorOf(own, 'ttft'), id).toBeLessThan(0.2);
    }
  });

  it('never have a bias beyond two', () => {
    const model = new OnlineModel({ ...SETTINGS, biasWeight: 1 });
    const predictor = new Predictor({ name: 'online', model });
    const { instance } = anUnknown('a', h100);
    const facts = predictor.facts(
      { instanceId: 'a', model: 'our-model', uncachedTokens: 100, cachedTokens: 0 },
      0,
    );
    predictor.onInstanceRegistered(instance);
    const fair = predictor.coefficients('a', 'our-model').msPerRequest;
    const place = { instance, model: 'our-model', instanceClass: 'x' };
    const classFair = model.coefficients(place).msPerRequest;
    for (const ms of [1e9, 1e9, 1e9]) model.learn({ of: 'ttft', facts, ms, predictedMs: 1 }, place);
    expect(classFair).toBe(fair);
    expect(model.coefficients(place).msPerRequest / classFair).toBeLessThanOrEqual(2 + 1e-9);
    expect(model.coefficients(place).msPerRequest / classFair).toBeGreaterThanOrEqual(0.5 - 1e-9);
  });

  it('lose their bias when they go', () => {
    const predictor = aPredictor();
    const fleet = [anUnknown('cool', h100), anUnknown('hot', hot)];
    runTraffic(predictor, fleet, { ...NORMAL, requests: 300, requestsPerSecond: 6 });
    const perToken = () => predictor.coefficients('hot', 'our-model').msPerToken;
    const before = perToken();
    predictor.onInstanceRemoved('hot');
    predictor.onInstanceRegistered(fleet[1]!.instance);
    expect(perToken()).toBeLessThan(before * 0.95);
  });
});

describe('coefficients', () => {
  it('are the same object until something is learnt', () => {
    const predictor = aPredictor();
    const fleet = [anEngine('a', findProfile('llama-3-8b@h100'))];
    predictor.onInstanceRegistered(fleet[0]!.instance);
    const first = predictor.coefficients('a', 'llama-3-8b');
    expect(predictor.coefficients('a', 'llama-3-8b')).toBe(first);
    runTraffic(predictor, fleet, { ...NORMAL, requests: 1 });
    expect(predictor.coefficients('a', 'llama-3-8b')).not.toBe(first);
  });

  it('come near those of the engine', () => {
    const profile = findProfile('llama-3-8b@h100');
    const predictor = aPredictor();
    runTraffic(predictor, [anUnknown('a', profile)], { ...NORMAL, requests: 500, meanPromptTokens: 3000 });
    const { msPerToken, fixedMs, weightsMs } = predictor.coefficients('a', 'our-model');
    expect(msPerToken / profile.linearMsPerToken).toBeGreaterThan(0.85);
    expect(msPerToken / profile.linearMsPerToken).toBeLessThan(1.15);
    expect((fixedMs + weightsMs) / (profile.fixedMs + profile.weightReadMs)).toBeGreaterThan(0.85);
    expect((fixedMs + weightsMs) / (profile.fixedMs + profile.weightReadMs)).toBeLessThan(1.15);
  });
});
