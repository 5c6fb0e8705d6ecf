/** `po2`, the power of two choices: of two instances drawn at random, the one with less to do. */

import { type Random, randomIndex } from '../../domain/index.ts';
import type { TaskStrategy } from './strategy.ts';

/** The draws are independent and may meet; the second one wins a tie. */
export function powerOfTwo(random: Random): TaskStrategy {
  return {
    name: 'po2',
    choose: (candidates) => {
      const first = randomIndex(random, candidates.length);
      const second = randomIndex(random, candidates.length);
      return candidates[first]!.queue.expectedMs < candidates[second]!.queue.expectedMs ? first : second;
    },
  };
}
