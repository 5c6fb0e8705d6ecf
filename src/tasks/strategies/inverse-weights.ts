/** `inverse_queue_size` and `inverse_expected`: drawn, the likelier the less an instance has to do. */

import type { Random } from '../../domain/index.ts';
import type { TaskStrategy } from './strategy.ts';
import { drawnBy, type Weighing } from './weighted-draw.ts';

/** The longest queue still weighs so much. */
const LEAST_SIZE_WEIGHT = 0.1;
const LEAST_TIME_WEIGHT = 0.01;
/** What an empty queue counts as, milliseconds. */
const EMPTY_MS = 1;
const LEAST_EMPTY_MS = 0.1;

export function inverseQueueSize(random: Random): TaskStrategy {
  return drawnBy('inverse_queue_size', inverseSizeWeights(), random);
}

export function inverseExpected(random: Random): TaskStrategy {
  return drawnBy('inverse_expected', inverseTimeWeights(), random);
}

export function inverseSizeWeights(leastWeight = LEAST_SIZE_WEIGHT): Weighing {
  return (queues) => queues.map(({ tasks }) => Math.max(1 / (tasks + 1), leastWeight));
}

export function inverseTimeWeights(leastWeight = LEAST_TIME_WEIGHT, emptyMs = EMPTY_MS): Weighing {
  const offset = Math.max(LEAST_EMPTY_MS, emptyMs);
  return (queues) => queues.map(({ expectedMs }) => Math.max(1 / (expectedMs + offset), leastWeight));
}
