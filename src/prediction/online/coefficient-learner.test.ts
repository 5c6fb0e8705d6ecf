import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, type StepCoefficients, seededRandom } from '../../domain/index.ts';
import { CoefficientLearner } from './coefficient-learner.ts';
import { LEARNT, StepWork } from './step-work.ts';

const PRIOR: StepCoefficients = {
  fixedMs: 1,
  weightsMs: 10,
  msPerToken: 0.07,
  msPerPair: 2.75e-6,
  msPerKvToken: 92e-6,
  msPerRequest: 0.0044,
  maxBatchedTokens: 2048,
  overheadMs: 5,
};
/** Nothing like the prior. */
const TRUTH: StepCoefficients = {
  ...PRIOR,
  fixedMs: 4.5,
  weightsMs: 22,
  msPerToken: 0.02,
  msPerPair: 9e-6,
  msPerKvToken: 20e-6,
  overheadMs: 15,
};

/** Steps such as traffic makes: some only decode, some hold prompts. */
function someWork(random: Random): StepWork {
  const work = new StepWork();
  const decoding = Math.floor(random.next() * 60);
  const kv = decoding * 1000 * random.next();
  if (random.next() < 0.5) {
    work.add(20 + 100 * random.next(), decoding + 1, kv, decoding + 1, 0);
    return work;
  }
  const tokens = 10 + 2000 * random.next();
  work.add(1, decoding + tokens, kv, decoding + 1, (tokens * tokens) / 2 + tokens * 4000 * random.next());
  work.addOverhead();
  return work;
}

function timeUnder(coefficients: StepCoefficients, work: StepWork): number {
  const theta = Float64Array.from(LEARNT, (name) => coefficients[name] ?? 0);
  return work.timeMs(theta) + coefficients.msPerRequest * work.requestSteps();
}

/** Mean relative error over fresh work. */
function errorAgainst(truth: StepCoefficients, learner: CoefficientLearner): number {
  const random = seededRandom(99);
  const errors = Array.from({ length: 200 }, () => {
    const work = someWork(random);
    const actual = timeUnder(truth, work);
    return Math.abs(learner.timeMs(work) - actual) / actual;
  });
  return errors.reduce((sum, error) => sum + error) / errors.length;
}

interface Lessons {
  readonly truth?: StepCoefficients;
  readonly samples: number;
  /** Standard deviation of the relative noise. */
  readonly noise?: number;
  readonly seed?: number;
}

function teach(learner: CoefficientLearner, { truth = TRUTH, samples, noise = 0, seed = 1 }: Lessons): void {
  const random = seededRandom(seed);
  for (let i = 0; i < samples; i++) {
    const work = someWork(random);
    const error = noise * (random.next() + random.next() + random.next() - 1.5) * 2;
    learner.learn(work, timeUnder(truth, work) * Math.exp(error));
  }
}

const fresh = (relativeUncertainty = 2) =>
  new CoefficientLearner({ coefficients: PRIOR, relativeUncertainty });

describe('learning', () => {
  it('starts at the prior', () => {
    expect(fresh().coefficients()).toEqual(PRIOR);
    expect(errorAgainst(PRIOR, fresh())).toBeLessThan(1e-12);
  });

  it('is within 10 % after 40 exact samples, where the prior was off by 40 %', () => {
    const learner = fresh();
    expect(errorAgainst(TRUTH, learner)).toBeGreaterThan(0.4);
    teach(learner, { samples: 40 });
    expect(errorAgainst(TRUTH, learner)).toBeLessThan(0.1);
    expect(learner.samples).toBe(40);
  });

  it('is within 10 % after 50 samples with 10 % noise', () => {
    const learner = fresh();
    teach(learner, { samples: 50, noise: 0.1 });
    expect(errorAgainst(TRUTH, learner)).toBeLessThan(0.1);
  });

  it('goes on getting better', () => {
    const learner = fresh();
    teach(learner, { samples: 400, noise: 0.1 });
    expect(errorAgainst(TRUTH, learner)).toBeLessThan(0.05);
  });

  it('trusts a sure prior for longer than an unsure one', () => {
    const [sure, unsure] = [fresh(0.05), fresh(2)];
    for (const learner of [sure, unsure]) teach(learner, { samples: 3 });
    expect(errorAgainst(PRIOR, sure)).toBeLessThan(errorAgainst(PRIOR, unsure));
  });

  it('follows an engine that changes', () => {
    const learner = fresh();
    teach(learner, { samples: 300, noise: 0.05 });
    teach(learner, { samples: 300, noise: 0.05, truth: PRIOR, seed: 2 });
    expect(errorAgainst(PRIOR, learner)).toBeLessThan(0.15);
  });
});

describe('what must not throw it off', () => {
  it('a hiccup of a hundred times the usual', () => {
    const learner = fresh();
    teach(learner, { samples: 100 });
    const before = errorAgainst(TRUTH, learner);
    const work = someWork(seededRandom(5));
    learner.learn(work, 100 * timeUnder(TRUTH, work));
    expect(errorAgainst(TRUTH, learner) - before).toBeLessThan(0.1);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a time of %d', (observedMs) => {
    const learner = fresh();
    learner.learn(someWork(seededRandom(5)), observedMs);
    expect(learner.coefficients()).toEqual(PRIOR);
    expect(learner.samples).toBe(0);
  });

  it('ten thousand equal samples, after which it still learns of the rest', () => {
    const learner = fresh();
    const work = new StepWork();
    work.add(50, 1, 500, 1, 0);
    for (let i = 0; i < 10_000; i++) learner.learn(work, timeUnder(TRUTH, work));
    expect(learner.timeMs(work) / timeUnder(TRUTH, work)).toBeCloseTo(1, 2);
    teach(learner, { samples: 60 });
    expect(errorAgainst(TRUTH, learner)).toBeLessThan(0.1);
  });
});

it('never has a coefficient below zero, nor one that is no number', () => {
  const times = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(times, fc.integer(), (observed, seed) => {
      const learner = fresh();
      const random = seededRandom(seed);
      for (const ms of observed) learner.learn(someWork(random), ms);
      const values = Object.values(learner.coefficients());
      expect(values.every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
      expect(learner.timeMs(someWork(random))).toBeGreaterThan(0);
    }),
  );
});

it('fits the others to a coefficient that is held at zero', () => {
  // No overhead at all: what the prior has too much must not stay with the other coefficients.
  const truth = { ...TRUTH, overheadMs: 0, msPerKvToken: 0 };
  const learner = fresh();
  teach(learner, { samples: 400, truth, noise: 0.05 });
  expect(learner.coefficients().overheadMs).toBeLessThan(1.5);
  expect(errorAgainst(truth, learner)).toBeLessThan(0.06);
});
