/** How many threads llama.cpp computes with. */

import { availableParallelism } from 'node:os';

/**
 * One on small machines: llama.cpp's threads wait for each other by spinning, so with more of them than free cores everything, the
 * HTTP server included, becomes slower by orders of magnitude. On larger ones all cores that are useful for math but one.
 */
export function defaultThreads(mathCores: number, cores: number = availableParallelism()): number {
  if (cores <= 2) return 1;
  return Math.max(1, Math.min(mathCores, cores - 1));
}
