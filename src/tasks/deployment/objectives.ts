/** How far what a deployment can do is from what is wanted: 0 where the shares are the same. */

import {
  type Assignment,
  capacityOf,
  countChanges,
  type DeploymentProblem,
  mostChanges,
  NOTHING,
  sum,
} from './problem.ts';

export type Objective = (capacity: readonly number[], target: readonly number[]) => number;

/** So that a model that nobody wants does not weigh infinitely. */
const LEAST_TARGET = 1e-8;

/** By the names that the existing planner gives them. */
export const OBJECTIVES = {
  relative_error: (capacity, target) => sum(shareDistances(capacity, target)),
  ratio_difference: (capacity, target) => Math.max(...shareDistances(capacity, target)),
  weighted_squared: (capacity, target) => {
    const scale = sum(capacity) / sum(target);
    return sum(target.map((wanted, i) => (capacity[i]! - wanted * scale) ** 2 / (wanted + LEAST_TARGET)));
  },
} as const satisfies Readonly<Record<string, Objective>>;

export type ObjectiveName = keyof typeof OBJECTIVES;

export function isValid(problem: DeploymentProblem, deployment: readonly Assignment[]): boolean {
  const { capacities, initial } = problem;
  const canServe = deployment.every(
    (model, machine) => model !== NOTHING && (capacities[machine]![model] ?? 0) > 0,
  );
  return canServe && countChanges(initial, deployment) <= mostChanges(problem);
}

/** Infinite for a deployment that cannot be, or that changes too much. */
export function scoreOf(
  problem: DeploymentProblem,
  deployment: readonly Assignment[],
  objective: ObjectiveName,
): number {
  if (!isValid(problem, deployment)) return Number.POSITIVE_INFINITY;
  return scoreOfCapacity(capacityOf(problem, deployment), problem.target, objective);
}

export function scoreOfCapacity(
  capacity: readonly number[],
  target: readonly number[],
  objective: ObjectiveName,
): number {
  return sum(capacity) > 0 ? OBJECTIVES[objective](capacity, target) : Number.POSITIVE_INFINITY;
}

function shareDistances(capacity: readonly number[], target: readonly number[]): readonly number[] {
  const [all, wanted] = [sum(capacity), sum(target)];
  return target.map((amount, i) => Math.abs(capacity[i]! / all - amount / wanted));
}
