/** Who is asked how long a task takes, in which order; and how well they did. */

import type { TaskPrediction } from '../task.ts';
import type { PredictMode } from '../task-service.ts';
import { GIVEN_TIMES } from './given-time.ts';
import { LearntTimes } from './learnt-times.ts';
import { type PredictionScore, PredictionScores } from './prediction-scores.ts';
import type { TaskQuestion, TaskTimes } from './task-times.ts';

export interface TaskPredictorParts {
  /** Asked in the mode `default`: what the configuration names. Without it, what was learnt. */
  readonly configured?: { readonly name: string; readonly times: TaskTimes };
  /** Asked in the mode `lookup_table`. */
  readonly table?: TaskTimes;
  readonly learnt?: LearntTimes;
}

export interface SourcedPrediction {
  readonly prediction: TaskPrediction;
  /** Who said so: `given`, `lookup`, `online`, or the configured source's name. */
  readonly source: string;
}

type Source = readonly [name: string, times: TaskTimes];

export class TaskPredictor {
  readonly #sources: Readonly<Record<PredictMode, readonly Source[]>>;
  readonly #learnt: LearntTimes;
  readonly #scores = new PredictionScores();
  mode: PredictMode = 'default';

  constructor({ configured, table, learnt = new LearntTimes() }: TaskPredictorParts = {}) {
    this.#learnt = learnt;
    const given: Source = ['given', GIVEN_TIMES];
    const online: Source = ['online', learnt];
    this.#sources = {
      default: [
        given,
        ...(configured === undefined ? [] : [[configured.name, configured.times] as const]),
        online,
      ],
      lookup_table: [given, ...(table === undefined ? [] : [['lookup', table] as const]), online],
    };
  }

  predict(question: TaskQuestion): SourcedPrediction {
    for (const [source, times] of this.#sources[this.mode]) {
      const prediction = times.of(question);
      if (prediction !== undefined) return { prediction, source };
    }
    throw new Error('what was learnt always has an answer');
  }

  /** @param foretold as it was told when the task was placed */
  learn(question: TaskQuestion, foretold: SourcedPrediction | undefined, tookMs: number): void {
    if (foretold !== undefined) this.#scores.add(foretold.source, foretold.prediction, tookMs);
    this.#learnt.learn(question, tookMs);
  }

  scores(): readonly PredictionScore[] {
    return this.#scores.read();
  }
}
