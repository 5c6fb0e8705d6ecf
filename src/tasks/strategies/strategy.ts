/** A placement strategy: which instance gets a task, judged by what each still has to do. */

import type { Random } from '../../domain/index.ts';
import type { TaskPrediction } from '../task.ts';

/** The names that `POST /scheduler/set` takes. `signalbox` leaves engines of the fleet to the scheduler's routing. */
export const STRATEGY_NAMES = [
  'shortest_queue',
  'round_robin',
  'weighted',
  'probabilistic',
  'min_time',
  'po2',
  'random',
  'signalbox',
] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** What one instance still has to do, as predicted; times in milliseconds. */
export interface QueueState {
  readonly expectedMs: number;
  /** Standard deviation of `expectedMs`. */
  readonly errorMs: number;
  readonly tasks: number;
  /** Values at the strategy's quantile levels; absent where nothing is queued or nobody keeps distributions. */
  readonly quantileValues?: readonly number[];
}

/** An instance that may get the task. */
export interface Candidate {
  /** The instance's UUID, by which ties are broken. */
  readonly uuid: string;
  readonly queue: QueueState;
  /** How long the task should take there; absent when nobody knows. */
  readonly prediction?: TaskPrediction;
}

export interface TaskStrategy {
  readonly name: string;
  /** The index of the candidate that gets the task; candidates come in the order of registration and are never empty. */
  choose(candidates: readonly Candidate[], model: string): number;
}

export type StrategyFactory = (random: Random) => TaskStrategy;
