/** `weighted`: the least work ahead, where what is uncertain counts as more work. */

import { indexOfLeastByUuid } from './least.ts';
import type { QueueState, TaskStrategy } from './strategy.ts';

const DEFAULT_ERROR_WEIGHT = 0.5;

/** @param errorWeight how much of its standard deviation a queue is charged besides its expectation; taken to [0, 1] */
export function weighted(errorWeight = DEFAULT_ERROR_WEIGHT): TaskStrategy {
  const score = weightedScore(errorWeight);
  return {
    name: 'weighted',
    choose: (candidates) => indexOfLeastByUuid(candidates, ({ queue }) => [score(queue), queue.tasks]),
  };
}

export function weightedScore(errorWeight: number): (queue: QueueState) => number {
  const weight = Math.min(1, Math.max(0, errorWeight));
  return ({ expectedMs, errorMs }) => expectedMs + weight * errorMs;
}
