/** `shortest_queue`: the instance with the least work ahead; of equals the surest, then the one with the fewest tasks. */

import { indexOfLeastByUuid } from './least.ts';
import type { TaskStrategy } from './strategy.ts';

export function shortestQueue(): TaskStrategy {
  return {
    name: 'shortest_queue',
    choose: (candidates) =>
      indexOfLeastByUuid(candidates, ({ queue }) => [queue.expectedMs, queue.errorMs, queue.tasks]),
  };
}
