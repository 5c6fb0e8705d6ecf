/** `signalbox`: where the task itself should end first, as far as four times out of five can tell. */

import { indexOfLeastByUuid } from './least.ts';
import type { Candidate, TaskStrategy } from './strategy.ts';

/** Normal deviations up to the 80 % quantile, which admission judges by as well. */
const P80_DEVIATIONS = 0.8416;

/** For instances that register themselves; engines of the fleet are the scheduler's to choose from. */
export function signalbox(): TaskStrategy {
  return {
    name: 'signalbox',
    choose: (candidates) =>
      indexOfLeastByUuid(candidates, (candidate) => [p80CompletionMs(candidate), candidate.queue.tasks]),
  };
}

/** What is queued and the task itself are independent: their deviations add up by squares, unlike in `min_time`. */
export function p80CompletionMs({ queue, prediction }: Candidate): number {
  const deviationMs = Math.hypot(queue.errorMs, prediction?.errorMs ?? 0);
  return queue.expectedMs + (prediction?.expectedMs ?? 0) + P80_DEVIATIONS * deviationMs;
}
