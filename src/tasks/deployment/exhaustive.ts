/** The best deployment by trying all of them. */

import { type ObjectiveName, scoreOfCapacity } from './objectives.ts';
import { type Assignment, type DeploymentProblem, mostChanges, servableModels } from './problem.ts';

/** From a deployment without empty machines. The first of the best, machines in order and models rising; `undefined` where none is possible. */
export function bestOfAll(
  problem: DeploymentProblem,
  objective: ObjectiveName,
): readonly Assignment[] | undefined {
  const { capacities, initial, target } = problem;
  const models = servableModels(problem);
  const capacity = target.map(() => 0);
  const deployment: Assignment[] = [];
  let best: { readonly deployment: readonly Assignment[]; readonly score: number } | undefined;

  function place(machine: number, changesLeft: number): void {
    if (changesLeft < 0) return;
    if (machine === capacities.length) {
      const score = scoreOfCapacity(capacity, target, objective);
      if (best === undefined || score < best.score) best = { deployment: [...deployment], score };
      return;
    }
    for (const model of models[machine]!) {
      const before = capacity[model]!;
      capacity[model] = before + capacities[machine]![model]!;
      deployment[machine] = model;
      place(machine + 1, changesLeft - Number(initial[machine] !== model));
      capacity[model] = before;
    }
  }

  place(0, mostChanges(problem));
  return best?.deployment;
}

/** Deployments to try if there were no limit of changes. */
export function possibilities(problem: DeploymentProblem): number {
  return servableModels(problem).reduce((product, models) => product * models.length, 1);
}
