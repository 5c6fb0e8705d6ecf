/** `probabilistic`: draws from each queue's distribution how long it takes; the shortest draw gets the task. */

import type { Random } from '../../domain/index.ts';
import { valueWithin } from './distributions/quantile-table.ts';
import type { QueueState, TaskStrategy } from './strategy.ts';

/** One draw a candidate, in their order; the first of equal draws wins. */
export function probabilistic(random: Random): TaskStrategy {
  return {
    name: 'probabilistic',
    choose: (candidates) => {
      const draws = candidates.map(({ queue }) => drawOf(queue, random.next()));
      return draws.indexOf(Math.min(...draws));
    },
  };
}

/** Nothing queued takes no time. */
export function drawOf({ quantiles }: QueueState, u: number): number {
  return quantiles === undefined ? 0 : valueWithin(quantiles, u);
}
