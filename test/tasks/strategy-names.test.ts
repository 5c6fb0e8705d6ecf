import { expect, it } from 'vitest';
import { TASK_STRATEGIES } from '../../src/config/schema/tasks.ts';
import { STRATEGY_NAMES } from '../../src/tasks/index.ts';

it('the configuration knows every strategy of the task queue', () => {
  expect(TASK_STRATEGIES).toEqual(STRATEGY_NAMES);
});
