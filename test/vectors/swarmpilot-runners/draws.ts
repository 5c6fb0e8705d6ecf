/** The linear congruential generator by which the records were made. */

import type { Random } from '../../../src/domain/index.ts';

export function drawsFrom(seed: number): Random {
  let state = seed;
  return {
    next() {
      state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    },
  };
}
