/** Who should serve which model, so that capacities come close to what is wanted without changing too much. */

import { type Random, seededRandom } from '../../domain/index.ts';
import { annealed } from './annealing.ts';
import { bestOfAll, possibilities } from './exhaustive.ts';
import { type ObjectiveName, scoreOf } from './objectives.ts';
import {
  type Assignment,
  capacityOf,
  checkProblem,
  countChanges,
  type DeploymentProblem,
} from './problem.ts';

/** More than these are annealed rather than tried one by one. */
const MOST_POSSIBILITIES = 100_000;

export interface DeploymentPlan {
  readonly deployment: readonly Assignment[];
  readonly score: number;
  /** What the deployment can do for each model. */
  readonly capacity: readonly number[];
  readonly changes: number;
  /** Whether there is none better. */
  readonly isOptimal: boolean;
}

export interface PlanOptions {
  /** Default `relative_error`. */
  readonly objective?: ObjectiveName;
  /** For annealing; the same problem gives the same plan without it. */
  readonly random?: Random;
}

/**
 * `undefined` where no deployment is possible within the changes that are allowed.
 * @throws RangeError when the problem is not one
 */
export function planDeployment(
  problem: DeploymentProblem,
  { objective = 'relative_error', random = seededRandom(1) }: PlanOptions = {},
): DeploymentPlan | undefined {
  checkProblem(problem);
  const isOptimal = possibilities(problem) <= MOST_POSSIBILITIES;
  const deployment = isOptimal ? bestOfAll(problem, objective) : annealed(problem, objective, random);
  if (deployment === undefined) return undefined;
  return {
    deployment,
    score: scoreOf(problem, deployment, objective),
    capacity: capacityOf(problem, deployment),
    changes: countChanges(problem.initial, deployment),
    isOptimal,
  };
}
