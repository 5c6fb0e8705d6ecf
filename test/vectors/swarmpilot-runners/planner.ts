/** What a deployment scores, and the best there is. */

import {
  isValid,
  OBJECTIVES,
  type ObjectiveName,
  scoreOf,
} from '../../../src/tasks/deployment/objectives.ts';
import { planDeployment } from '../../../src/tasks/deployment/plan-deployment.ts';
import {
  capacityOf,
  countChanges,
  type DeploymentProblem,
  filledInitial,
  mostChanges,
  servableModels,
} from '../../../src/tasks/deployment/problem.ts';
import { type Check, differencesOf } from './verdict.ts';

interface RawProblem {
  readonly B: readonly (readonly number[])[];
  readonly initial: readonly number[];
  readonly a: number;
  readonly target: readonly number[];
  readonly deployments?: readonly (readonly number[])[];
}

function problemOf({ B, initial, a, target }: RawProblem): DeploymentProblem {
  return { capacities: B, initial, changeShare: a, target };
}

const written = (score: number) => (score === Number.POSITIVE_INFINITY ? 'Infinity' : score);

/** The trace of their own search tells nothing of ours; the best score does. */
export const checkPlanner: Check = ({ input, expect, tol }) => {
  const problem = problemOf(input as RawProblem);
  const expected = expect as {
    readonly valid_assignments: Readonly<Record<string, readonly number[]>>;
    readonly max_changes: number;
    readonly generated_initial: readonly number[];
    readonly scores: readonly object[];
    readonly bruteforce_best_relative_error: number | string | null;
  };
  const { deployments = [] } = input as RawProblem;
  const machines = servableModels(problem);
  const models = problem.target.map((_, model) =>
    machines.flatMap((servable, machine) => (servable.includes(model) ? [machine] : [])),
  );
  const found = {
    max_changes: mostChanges(problem),
    generated_initial: filledInitial(problem),
    valid_assignments: { ...models },
    scores: deployments.map((deployment) => ({
      ...Object.fromEntries(
        Object.keys(OBJECTIVES).map((name) => [
          name,
          written(scoreOf(problem, deployment, name as ObjectiveName)),
        ]),
      ),
      changes: countChanges(problem.initial, deployment),
      valid: isValid(problem, deployment),
      capacity: capacityOf(problem, deployment),
    })),
    bruteforce_best_relative_error: written(planDeployment(problem)?.score ?? Number.POSITIVE_INFINITY),
  };
  const { max_changes, generated_initial, valid_assignments, scores, bruteforce_best_relative_error } =
    expected;
  const wanted = {
    max_changes,
    generated_initial,
    valid_assignments,
    scores,
    bruteforce_best_relative_error,
  };
  return { differences: differencesOf(found, wanted, tol) };
};

export const checkBadProblem: Check = ({ input }) => {
  try {
    planDeployment(problemOf(input as RawProblem));
  } catch {
    return { differences: [] };
  }
  return { differences: ['the problem is not refused'] };
};
