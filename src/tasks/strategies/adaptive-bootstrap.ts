/** `adaptive_bootstrap`: in turn until the time of a task is known as a distribution on every instance, then `probabilistic`. */

import type { Random } from '../../domain/index.ts';
import { probabilistic } from './probabilistic.ts';
import { countingRoundRobin } from './round-robin.ts';
import type { TaskStrategy } from './strategy.ts';

export function adaptiveBootstrap(random: Random): TaskStrategy {
  const inTurn = countingRoundRobin();
  const byDistribution = probabilistic(random);
  return {
    name: 'adaptive_bootstrap',
    choose: (candidates, model) => {
      const isKnown = candidates.every(({ prediction }) => prediction?.quantiles !== undefined);
      return (isKnown ? byDistribution : inTurn).choose(candidates, model);
    },
  };
}
