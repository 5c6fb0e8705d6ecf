/** A good deployment by simulated annealing (S. Kirkpatrick et al. 1983), for more machines than can be tried out. */

import { type Random, randomIndex } from '../../domain/index.ts';
import { type ObjectiveName, scoreOfCapacity } from './objectives.ts';
import {
  type Assignment,
  capacityOf,
  type DeploymentProblem,
  mostChanges,
  servableModels,
} from './problem.ts';

const STEPS_PER_MACHINE = 2000;
const LEAST_STEPS = 20_000;
const MOST_STEPS = 400_000;
/** As shares of the first score: at the beginning nearly all is accepted, in the end nothing that is worse. */
const HOTTEST = 0.5;
const COLDEST = 1e-5;

/** From a deployment without empty machines; `undefined` where a machine can serve nothing. */
export function annealed(
  problem: DeploymentProblem,
  objective: ObjectiveName,
  random: Random,
): readonly Assignment[] | undefined {
  const { capacities, initial, target } = problem;
  const models = servableModels(problem);
  if (models.some(({ length }) => length === 0)) return undefined;
  const deployment = [...initial];
  const most = mostChanges(problem);
  let changes = 0;
  const movable = models.flatMap(({ length }, machine) => (length > 1 ? [machine] : []));
  const capacity = capacityOf(problem, deployment);
  let score = scoreOfCapacity(capacity, target, objective);
  let best = { deployment: [...deployment], score };
  const steps = Math.min(MOST_STEPS, Math.max(LEAST_STEPS, STEPS_PER_MACHINE * movable.length));
  const scale = score > 0 ? score : 1;

  for (let step = 0; step < steps && movable.length > 0 && best.score > 0; step++) {
    const machine = movable[randomIndex(random, movable.length)]!;
    const before = deployment[machine]!;
    const after = otherModel(models[machine]!, before, random);
    const changesAfter = changes + Number(initial[machine] === before) - Number(initial[machine] === after);
    if (changesAfter > most) continue;
    const [from, to] = [capacity[before]!, capacity[after]!];
    capacity[before] = from - capacities[machine]![before]!;
    capacity[after] = to + capacities[machine]![after]!;
    const next = scoreOfCapacity(capacity, target, objective);
    const temperature = scale * HOTTEST * (COLDEST / HOTTEST) ** (step / steps);
    if (next <= score || random.next() < Math.exp((score - next) / temperature)) {
      deployment[machine] = after;
      [score, changes] = [next, changesAfter];
      if (score < best.score) best = { deployment: [...deployment], score };
    } else {
      [capacity[before], capacity[after]] = [from, to];
    }
  }
  return best.deployment;
}

function otherModel(models: readonly number[], now: number, random: Random): number {
  const others = models.length - 1;
  const index = randomIndex(random, others);
  return models[index] === now ? models[others]! : models[index]!;
}
