/** A placement strategy: which instance gets a task, judged by what each still has to do. */

import type { Random } from '../../domain/index.ts';
import type { QuantileTable, TaskPrediction } from '../task.ts';

/** The names that `POST /scheduler/set` takes. `signalbox` leaves engines of the fleet to the scheduler's routing. */
export const STRATEGY_NAMES = [
  'shortest_queue',
  'round_robin',
  'weighted',
  'probabilistic',
  'min_time',
  'serverless',
  'po2',
  'random',
  'adaptive_bootstrap',
  'inverse_queue_size',
  'inverse_expected',
  'gaussian_shortest',
  'signalbox',
] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** What one instance still has to do, as predicted; times in milliseconds. */
export interface QueueState {
  readonly expectedMs: number;
  /** Standard deviation of `expectedMs`. */
  readonly errorMs: number;
  readonly tasks: number;
  /** How the whole of it is distributed, worked out when first read; absent where nothing is queued. */
  readonly quantiles?: QuantileTable | undefined;
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

/** As the configuration has it: by its name, or somebody's own. */
export type ConfiguredStrategy = StrategyName | TaskStrategy;

/** A strategy may keep what it needs between choices; one that draws does so from `random` alone. */
export type StrategyFactory = (random: Random) => TaskStrategy;
