/** `round_robin`: one instance after the other, whatever they have to do. */

import type { TaskStrategy } from './strategy.ts';

/** One cursor serves all models, as existing clients know it; it returns to the first after the last of whoever was asked for. */
export function roundRobin(): TaskStrategy {
  let cursor = 0;
  return {
    name: 'round_robin',
    choose: ({ length }) => {
      const index = cursor % length;
      cursor = (cursor + 1) % length;
      return index;
    },
  };
}

/** The same by a counter that knows no end: who is next where the number of candidates changes is another one. */
export function countingRoundRobin(): TaskStrategy {
  let count = 0;
  return { name: 'round_robin', choose: ({ length }) => count++ % length };
}
