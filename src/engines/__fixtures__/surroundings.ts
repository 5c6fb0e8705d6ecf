/** The real world for tests that do real I/O, with chance that repeats. */

import { type Clock, seededRandom } from '../../domain/index.ts';
import type { Surroundings } from '../watching/repeat.ts';
import { SYSTEM_TIMERS } from '../watching/timers.ts';

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

export function realSurroundings(): Surroundings {
  return { clock: SYSTEM_CLOCK, timers: SYSTEM_TIMERS, random: seededRandom(7) };
}
