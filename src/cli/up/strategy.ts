/** The strategy that the configuration names for tasks: a built-in one, or one in a file. */

import type { Random } from '../../domain/index.ts';
import {
  createStrategy,
  DEFAULT_STRATEGY,
  guardedStrategy,
  isStrategyName,
  type TaskSettings,
  type TaskStrategy,
} from '../../tasks/index.ts';
import { StartError } from './start-error.ts';
import { loadStrategyModule } from './strategy-module.ts';

export interface StrategySurroundings {
  readonly pathOf: (file: string) => string;
  readonly random: Random;
  /** Told when a strategy of somebody's own does not choose; ever more rarely where that goes on. */
  readonly onProblem: (problem: { readonly message: string; readonly times: number }) => void;
}

/**
 * By its name as configured: of a strategy, or of a file, which is loaded once as long as its name stays.
 * @throws StartError when the file cannot be loaded
 */
export type OpenStrategy = (configured: string) => Promise<TaskSettings['strategy']>;

export function strategyOpener(surroundings: StrategySurroundings): OpenStrategy {
  let last: { readonly file: string; readonly strategy: TaskStrategy } | undefined;
  return async function openStrategy(configured) {
    if (isStrategyName(configured)) return configured;
    if (last?.file !== configured) {
      last = { file: configured, strategy: await loadGuarded(configured, surroundings) };
    }
    return last.strategy;
  };
}

async function loadGuarded(
  file: string,
  { pathOf, random, onProblem }: StrategySurroundings,
): Promise<TaskStrategy> {
  const path = pathOf(file);
  const strategy = await loadStrategyModule(path, random).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`tasks.strategy: ${path} cannot be loaded: ${reason}`, { cause });
  });
  let times = 0;
  return guardedStrategy(strategy, createStrategy(DEFAULT_STRATEGY, random), (message) => {
    times++;
    if (Number.isInteger(Math.log2(times))) onProblem({ message, times });
  });
}
