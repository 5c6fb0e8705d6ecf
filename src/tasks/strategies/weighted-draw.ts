/** Strategies that draw an instance by weights. */

import { type Random, randomIndex } from '../../domain/index.ts';
import type { QueueState, TaskStrategy } from './strategy.ts';

/** One weight a queue, none below zero. */
export type Weighing = (queues: readonly QueueState[]) => readonly number[];

export function drawnBy(name: string, weigh: Weighing, random: Random): TaskStrategy {
  return {
    name,
    choose: (candidates) => drawIndex(weigh(candidates.map(({ queue }) => queue)), random),
  };
}

/** Each index as likely as its share of all weights; where none weighs anything, all are alike. */
export function drawIndex(weights: readonly number[], random: Random): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return randomIndex(random, weights.length);
  const drawn = random.next() * total;
  let sum = 0;
  const index = weights.findIndex((weight) => {
    sum += weight;
    return sum > drawn;
  });
  return index < 0 ? weights.length - 1 : index;
}
