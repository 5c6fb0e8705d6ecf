/** A strategy that somebody else wrote: where it does not choose one of the candidates, another one does. */

import type { TaskStrategy } from './strategy.ts';

/** @param onProblem told in words, at each problem; must not throw */
export function guardedStrategy(
  strategy: TaskStrategy,
  fallback: TaskStrategy,
  onProblem: (message: string) => void,
): TaskStrategy {
  return {
    name: strategy.name,
    choose(candidates, model) {
      const choice = attempt(() => strategy.choose(candidates, model));
      if (typeof choice === 'number' && candidates[choice] !== undefined) return choice;
      const found = choice instanceof Error ? `threw: ${choice.message}` : `chose ${String(choice)}`;
      const allowed = `allowed is a whole number from 0 to ${candidates.length - 1}`;
      onProblem(`strategy "${strategy.name}" ${found}; ${allowed}, so "${fallback.name}" chose`);
      return fallback.choose(candidates, model);
    },
  };
}

function attempt(choose: () => number): unknown {
  try {
    return choose();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
