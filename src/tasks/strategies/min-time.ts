/** `min_time` (also called `serverless`): where the task itself should end first, the queue's uncertainty counted as work. */

import { indexOfLeast } from './least.ts';
import type { TaskStrategy } from './strategy.ts';

export function minTime(name = 'min_time'): TaskStrategy {
  return {
    name,
    choose: (candidates) =>
      indexOfLeast(candidates, ({ queue, prediction }) => [
        queue.expectedMs + queue.errorMs + (prediction?.expectedMs ?? 0),
      ]),
  };
}
