/** A source of predictions for tasks. */

import type { JsonObject, TaskPrediction } from '../task.ts';

export interface TaskQuestion {
  readonly model: string;
  /** The UUID of the instance that may get the task. */
  readonly instance: string;
  readonly input: JsonObject;
  readonly metadata: JsonObject;
}

export interface TaskTimes {
  /** `undefined` where it does not know; it never waits for anybody. */
  of(question: TaskQuestion): TaskPrediction | undefined;
}
