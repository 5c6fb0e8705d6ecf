/** The strategies by name. One more is its file, a line here, and its name in `strategy.ts`. */

import type { Random } from '../../domain/index.ts';
import { adaptiveBootstrap } from './adaptive-bootstrap.ts';
import { gaussianShortest } from './gaussian-shortest.ts';
import { inverseExpected, inverseQueueSize } from './inverse-weights.ts';
import { minTime } from './min-time.ts';
import { powerOfTwo } from './po2.ts';
import { probabilistic } from './probabilistic.ts';
import { roundRobin } from './round-robin.ts';
import { shortestQueue } from './shortest-queue.ts';
import { signalbox } from './signalbox.ts';
import { STRATEGY_NAMES, type StrategyFactory, type StrategyName, type TaskStrategy } from './strategy.ts';
import { uniform } from './uniform.ts';
import { weighted } from './weighted.ts';

export const STRATEGIES: Readonly<Record<StrategyName, StrategyFactory>> = {
  shortest_queue: () => shortestQueue(),
  round_robin: () => roundRobin(),
  weighted: () => weighted(),
  probabilistic,
  min_time: () => minTime(),
  serverless: () => minTime('serverless'),
  po2: powerOfTwo,
  random: uniform,
  adaptive_bootstrap: adaptiveBootstrap,
  inverse_queue_size: inverseQueueSize,
  inverse_expected: inverseExpected,
  gaussian_shortest: gaussianShortest,
  signalbox: () => signalbox(),
};

export const DEFAULT_STRATEGY: StrategyName = 'shortest_queue';

export function isStrategyName(name: string): name is StrategyName {
  return Object.hasOwn(STRATEGIES, name);
}

/** @throws RangeError for a name that no strategy has, with those that are allowed */
export function createStrategy(name: string, random: Random): TaskStrategy {
  if (!isStrategyName(name)) {
    throw new RangeError(`strategy: found "${name}", allowed are ${STRATEGY_NAMES.join(', ')}`);
  }
  return STRATEGIES[name](random);
}
