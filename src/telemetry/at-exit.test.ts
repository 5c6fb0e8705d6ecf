import { expect, it } from 'vitest';
import { doAtExit, doNotAtExit } from './at-exit.ts';

const listenerCounts = () => [process.listenerCount('beforeExit'), process.listenerCount('exit')];

it('takes one listener for all tasks, and none when none is left', () => {
  const before = listenerCounts();
  const tasks = Array.from({ length: 20 }, () => () => {});
  for (const task of tasks) doAtExit(task);
  for (const [index, count] of listenerCounts().entries())
    expect(count - before[index]!).toBeLessThanOrEqual(1);
  for (const task of tasks) doNotAtExit(task);
  expect(listenerCounts()).toEqual(before);
});
