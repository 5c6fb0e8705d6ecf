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
  filledInitial,
} from './problem.ts';

/** More than these are annealed rather than tried one by one. */
const MOST_POSSIBILITIES = 100_000;

export interface DeploymentPlan {
  readonly deployment: readonly Assignment[];
  readonly score: number;
  /** What the deployment can do for each model. */
  readonly capacity: readonly number[];
  /** Machines that serve something else than before, or than what they were best at where they served nothing. */
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
 * Machines that serve nothing are given what they are best at to begin with, which counts as no change: else a fleet that just
 * came up could not be planned. `undefined` where a machine can serve nothing at all.
 * @throws RangeError when the problem is not one
 */
export function planDeployment(
  problem: DeploymentProblem,
  { objective = 'relative_error', random = seededRandom(1) }: PlanOptions = {},
): DeploymentPlan | undefined {
  checkProblem(problem);
  const begun = { ...problem, initial: filledInitial(problem) };
  const isOptimal = possibilities(begun) <= MOST_POSSIBILITIES;
  const deployment = isOptimal ? bestOfAll(begun, objective) : annealed(begun, objective, random);
  if (deployment === undefined) return undefined;
  return {
    deployment,
    score: scoreOf(begun, deployment, objective),
    capacity: capacityOf(begun, deployment),
    changes: countChanges(begun.initial, deployment),
    isOptimal,
  };
}
