/** The time that whoever submits a task says it takes: `server_time_cost` in its metadata, milliseconds. */

import { DEFAULT_LEVELS } from '../strategies/distributions/quantile-table.ts';
import type { TaskPrediction } from '../task.ts';
import type { TaskTimes } from './task-times.ts';

/** Standard deviation as a share of the given time. */
const ERROR_SHARE = 0.05;
/** The distribution that existing clients know, as multiples of the given time at `DEFAULT_LEVELS`. */
const MULTIPLES = [0.75, 1, 1.25, 1.5];

export const GIVEN_TIMES: TaskTimes = {
  of: ({ metadata: { server_time_cost: given } }) =>
    typeof given === 'number' && Number.isFinite(given) && given >= 0 ? givenTime(given) : undefined,
};

export function givenTime(expectedMs: number): TaskPrediction {
  return {
    expectedMs,
    errorMs: ERROR_SHARE * expectedMs,
    quantiles: { levels: DEFAULT_LEVELS, values: MULTIPLES.map((multiple) => multiple * expectedMs) },
  };
}
