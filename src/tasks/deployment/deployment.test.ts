import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { annealed } from './annealing.ts';
import { isValid, OBJECTIVES, type ObjectiveName, scoreOf } from './objectives.ts';
import { planDeployment } from './plan-deployment.ts';
import { type DeploymentProblem, filledInitial } from './problem.ts';

const aProblem = (given: Partial<DeploymentProblem> = {}): DeploymentProblem => ({
  capacities: [
    [10, 5],
    [10, 5],
    [5, 10],
  ],
  initial: [0, 0, 0],
  changeShare: 1,
  target: [1, 1],
  ...given,
});

describe('a deployment is planned', () => {
  it('so that capacities have the shares that are wanted', () => {
    expect(planDeployment(aProblem({ target: [2, 1] }))).toEqual({
      deployment: [0, 0, 1],
      score: 0,
      capacity: [20, 10],
      changes: 1,
      isOptimal: true,
    });
  });

  it('within the changes that are allowed', () => {
    const plan = planDeployment(aProblem({ initial: [1, 1, 1], target: [1, 0], changeShare: 0.7 }));
    expect(plan).toMatchObject({ deployment: [0, 1, 0], capacity: [15, 5], changes: 2 });
  });

  it('never on a machine that cannot serve the model', () => {
    const capacities = [
      [10, 0],
      [10, 0],
      [5, 10],
    ];
    expect(planDeployment(aProblem({ capacities, target: [0, 1] }))?.deployment).toEqual([0, 0, 1]);
  });

  it('with empty machines, which may be filled whatever else may change', () => {
    const plan = planDeployment(aProblem({ initial: [-1, -1, 0], changeShare: 0.4 }));
    expect(plan).toMatchObject({ deployment: [0, 0, 1], capacity: [20, 10], changes: 1 });
  });

  it('not at all where a machine can serve nothing', () => {
    const capacities = [
      [0, 0],
      [1, 1],
      [1, 1],
    ];
    expect(planDeployment(aProblem({ capacities, initial: [-1, 0, 0] }))).toBeUndefined();
  });

  it('for more machines than can be tried, as well as the best of few', () => {
    const random = seededRandom(5);
    const rows = Array.from({ length: 40 }, () => [0, 1, 2].map(() => 5 * Math.floor(random.next() * 5)));
    const capacities = rows.map((row) => (row.every((amount) => amount === 0) ? [5, 5, 5] : row));
    const problem = { capacities, initial: capacities.map(() => -1), changeShare: 1, target: [5, 3, 2] };
    const plan = planDeployment(problem)!;
    expect(plan.isOptimal).toBe(false);
    expect(isValid(problem, plan.deployment)).toBe(true);
    expect(plan.score).toBeLessThan(0.01);
    expect(planDeployment(problem)).toEqual(plan);
  });
});

describe('both ways of searching', () => {
  const anyProblem = fc
    .record({ machines: fc.integer({ min: 1, max: 6 }), models: fc.integer({ min: 1, max: 3 }) })
    .chain(({ machines, models }) =>
      fc.record({
        capacities: fc.array(
          fc.array(fc.constantFrom(0, 5, 10, 20), { minLength: models, maxLength: models }),
          { minLength: machines, maxLength: machines },
        ),
        initial: fc.constant(Array.from({ length: machines }, () => -1)),
        changeShare: fc.constant(1),
        target: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: models, maxLength: models }),
      }),
    );

  it('find something, or both nothing, and annealing nothing better than the best', () => {
    const objectives = Object.keys(OBJECTIVES) as ObjectiveName[];
    fc.assert(
      fc.property(anyProblem, fc.constantFrom(...objectives), fc.integer(), (problem, objective, seed) => {
        const best = planDeployment(problem, { objective });
        const begun = { ...problem, initial: filledInitial(problem) };
        const found = annealed(begun, objective, seededRandom(seed));
        expect(found === undefined).toBe(best === undefined);
        if (best === undefined || found === undefined) return;
        expect(isValid(problem, best.deployment) && isValid(problem, found)).toBe(true);
        expect(scoreOf(problem, found, objective)).toBeGreaterThanOrEqual(best.score - 1e-9);
        expect(scoreOf(problem, filledInitial(problem), objective)).toBeGreaterThanOrEqual(best.score - 1e-9);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a problem is refused', () => {
  it.each<[Partial<DeploymentProblem>, string]>([
    [{ capacities: [[1, 1]] }, 'initial: found 3 machines, capacities has 1'],
    [{ capacities: [[1], [1], [1]] }, 'capacities[0] must be 2 amounts of at least 0, one a model, found 1'],
    [
      {
        capacities: [
          [0, 1],
          [1, 1],
          [1, 1],
        ],
      },
      'initial[0] is model 0, which that machine has no capacity for',
    ],
    [{ initial: [0, 0, 2] }, 'initial[2] must be -1 or a model from 0 to 1, found 2'],
    [{ changeShare: 0 }, 'changeShare must be above 0 and at most 1, found 0'],
    [{ target: [0, 0] }, 'target must be amounts of at least 0, and some above, found 0, 0'],
    [{ capacities: [], initial: [] }, 'found 0 machines and 2 models'],
  ])('%j', (given, why) => {
    expect(() => planDeployment(aProblem(given))).toThrow(why);
  });
});
