import { describe, expect, it } from 'vitest';
import { anInstance, aRequest } from '../../test/builders.ts';
import { ManualClock } from '../domain/index.ts';
import {
  createLatencyModel,
  createLearner,
  createPredictor,
  DEFAULT_PREDICTOR,
  instanceClassOf,
  LookupTable,
  PREDICTOR_NAMES,
  PREDICTORS,
  type Predictor,
  type PredictorInputs,
} from './index.ts';

const instance = anInstance('a');
const time = (mean: number) => ({ mean, standardDeviation: 1 });
const ALL: PredictorInputs = {
  clock: new ManualClock(),
  ask: async () => time(5),
  lookupTable: new LookupTable([
    { isSuccess: true, modelType: 'm', expect: 770, quantiles: { levels: [0.5], values: [770] } },
  ]),
};
const QUESTION = { instanceId: 'a', model: 'm', uncachedTokens: 100, cachedTokens: 0 };

describe.each(PREDICTOR_NAMES)('%s', (name) => {
  it('keeps the interface', () => {
    const predictor = createPredictor({ name }, ALL);
    predictor.onInstanceRegistered(instance);
    const facts = predictor.facts(QUESTION, 0);
    expect(predictor.name).toBe(name);
    for (const { mean, standardDeviation } of [predictor.ttft(facts), predictor.tpot(facts)]) {
      expect(mean).toBeGreaterThan(0);
      expect(standardDeviation).toBeGreaterThanOrEqual(0);
    }
    const coefficients = Object.values(predictor.coefficients('a', 'm'));
    expect(coefficients.every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
    expect(predictor.expectedOutputTokens(aRequest())).toBeGreaterThan(0);
  });

  it('measures itself', () => {
    const predictor = createPredictor({ name }, ALL);
    const request = aRequest({ stream: true, promptTokens: 100 });
    predictor.onRequestDispatched(request, instance, 0);
    predictor.onFirstToken(request, instance, 50, 50);
    expect(predictor.accuracy().samples).toBe(1);
    expect(predictor.accuracy().ttftMape).toBeGreaterThanOrEqual(0);
  });

  it('describes itself and its parameters, whose defaults are allowed', () => {
    const definition = PREDICTORS.get(name)!;
    expect(definition.describe).toMatch(/\.$/);
    const defaults = Object.fromEntries(
      Object.entries(definition.parameters).map(([key, spec]) => [key, spec.default]),
    );
    for (const spec of Object.values(definition.parameters)) expect(spec.describe).toMatch(/\.$/);
    expect(() => createPredictor({ name, parameters: defaults }, ALL)).not.toThrow();
  });

  it('refuses a parameter that it does not have', () => {
    expect(() => createPredictor({ name, parameters: { speed: 1 } }, ALL)).toThrow(
      `predictor "${name}": unknown parameter "speed"`,
    );
  });
});

it('is the online one unless another is named', () => {
  expect(createPredictor().name).toBe('online');
  expect(DEFAULT_PREDICTOR).toBe('online');
});

/** From its dispatch to its end, were it alone. */
function wholeMs(predictor: Predictor): number {
  const facts = predictor.facts(QUESTION, 0);
  return predictor.ttft(facts).mean + (facts.outputTokens! - 1) * predictor.tpot(facts).mean;
}

describe('a table of times of whole requests', () => {
  it('is what the parts of a request add up to', () => {
    const predictor = createPredictor({ name: 'lookup' }, ALL);
    predictor.onInstanceRegistered(instance);
    expect(wholeMs(predictor)).toBeCloseTo(770, 6);
    expect(predictor.sources()).toEqual({ told: 1, stoodIn: 0 });
  });

  it('stands in for a service that has not answered', () => {
    const predictor = createPredictor({ name: 'external' }, ALL);
    predictor.onInstanceRegistered(instance);
    expect(wholeMs(predictor)).toBeCloseTo(770, 6);
    expect(predictor.sources()).toEqual({ told: 0, stoodIn: 1 });
  });

  it('counts less than rows of times to first token', () => {
    const lookupRows = [
      {
        model: 'm',
        instanceClass: instanceClassOf(instance),
        promptTokens: 1000,
        ttftMs: time(77),
        tpotMs: time(8),
      },
    ];
    const predictor = createPredictor({ name: 'lookup' }, { ...ALL, lookupRows });
    predictor.onInstanceRegistered(instance);
    expect(predictor.ttft(predictor.facts(QUESTION, 0)).mean).toBe(77);
  });
});

it('changes where times come from while it knows what runs, and measures the new one anew', () => {
  const learner = createLearner();
  const predictor = createPredictor(undefined, { ...ALL, learner });
  const request = aRequest({ id: 'r', stream: true, promptTokens: 100 });
  predictor.onRequestDispatched(request, instance, 0);
  predictor.onFirstToken(request, instance, 50, 50);
  predictor.use('lookup', createLatencyModel({ name: 'lookup' }, { ...ALL, learner }));
  expect(predictor.name).toBe('lookup');
  expect(predictor.accuracy().samples).toBe(0);
  expect(predictor.facts(QUESTION, 60).decodingRequests).toBe(1);
});

it('takes priors and cached tokens from outside', () => {
  const { prior, cachedTokens } = {
    prior: () => ({
      coefficients: { ...createPredictor().coefficients('a', 'm'), fixedMs: 1234 },
      relativeUncertainty: 0.1,
    }),
    cachedTokens: () => 60,
  };
  const predictor = createPredictor({ name: 'online' }, { prior, cachedTokens });
  const request = aRequest({ stream: true, promptTokens: 100 });
  predictor.onRequestDispatched(request, instance, 0);
  expect(predictor.coefficients('a', 'm').fixedMs).toBe(1234);
  expect(predictor.facts(QUESTION, 0).queuedPrefillTokens).toBe(40);
});

it.each([
  [{ name: 'oracle' }, {}, 'predictor: found "oracle", allowed are online, lookup, external'],
  [{ name: 'lookup' }, {}, 'predictor "lookup" needs lookupTable, which is not there'],
  [{ name: 'external' }, { clock: ALL.clock! }, 'predictor "external" needs ask, which is not there'],
  [
    { name: 'online', parameters: { forgetting: 2 } },
    {},
    'predictor "online": forgetting must be a number from 0.9 to 1, found 2',
  ],
])('refuses %j', (settings, inputs, message) => {
  expect(() => createPredictor(settings, inputs)).toThrow(message);
});
