/** What a plan of models on machines begins with. */

/** A model's number, or `NOTHING` where a machine serves none. */
export type Assignment = number;
export const NOTHING: Assignment = -1;

export interface DeploymentProblem {
  /** `capacities[machine][model]`: requests a second, say; 0 where the machine cannot serve the model. */
  readonly capacities: readonly (readonly number[])[];
  /** What each machine serves now. */
  readonly initial: readonly Assignment[];
  /** The share of machines that may change, above 0 and at most 1. */
  readonly changeShare: number;
  /** What is wanted of each model, in any unit: only the shares count. */
  readonly target: readonly number[];
}

/** @throws RangeError naming what is wrong and what is allowed */
export function checkProblem({ capacities, initial, changeShare, target }: DeploymentProblem): void {
  const [machines, models] = [capacities.length, target.length];
  if (machines === 0 || models === 0) {
    throw new RangeError(`found ${machines} machines and ${models} models, wanted at least one of both`);
  }
  if (initial.length !== machines) {
    throw new RangeError(`initial: found ${initial.length} machines, capacities has ${machines}`);
  }
  if (!(changeShare > 0 && changeShare <= 1)) {
    throw new RangeError(`changeShare must be above 0 and at most 1, found ${changeShare}`);
  }
  if (!target.every(isAmount) || !(sum(target) > 0)) {
    throw new RangeError(`target must be amounts of at least 0, and some above, found ${target.join(', ')}`);
  }
  for (const [machine, row] of capacities.entries()) checkMachine(row, machine, initial[machine]!, models);
}

function checkMachine(row: readonly number[], machine: number, now: Assignment, models: number): void {
  if (row.length !== models || !row.every(isAmount)) {
    const found = row.join(', ');
    throw new RangeError(
      `capacities[${machine}] must be ${models} amounts of at least 0, one a model, found ${found}`,
    );
  }
  if (now === NOTHING) return;
  if (!Number.isInteger(now) || now < 0 || now >= models) {
    throw new RangeError(`initial[${machine}] must be -1 or a model from 0 to ${models - 1}, found ${now}`);
  }
  if (row[now] === 0) {
    throw new RangeError(`initial[${machine}] is model ${now}, which that machine has no capacity for`);
  }
}

/** The most machines that a plan may change. */
export function mostChanges({ capacities, changeShare }: DeploymentProblem): number {
  return Math.floor(changeShare * capacities.length);
}

/** A machine that serves nothing yet counts as changed whatever it gets. */
export function countChanges(initial: readonly Assignment[], deployment: readonly Assignment[]): number {
  return initial.filter((now, machine) => now === NOTHING || now !== deployment[machine]).length;
}

/** The models that each machine can serve. */
export function servableModels({ capacities }: DeploymentProblem): readonly (readonly number[])[] {
  return capacities.map((row) => row.flatMap((capacity, model) => (capacity > 0 ? [model] : [])));
}

/** Empty machines get the model that they are best at, the first of equals. */
export function filledInitial({ capacities, initial }: DeploymentProblem): readonly Assignment[] {
  return initial.map((now, machine) => {
    const row = capacities[machine]!;
    return now === NOTHING ? row.indexOf(Math.max(...row)) : now;
  });
}

export function capacityOf(
  { capacities, target }: DeploymentProblem,
  deployment: readonly Assignment[],
): number[] {
  const capacity = target.map(() => 0);
  for (const [machine, model] of deployment.entries()) {
    if (model !== NOTHING) capacity[model]! += capacities[machine]![model]!;
  }
  return capacity;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

function isAmount(number: number): boolean {
  return Number.isFinite(number) && number >= 0;
}
