import { describe, expect, it } from 'vitest';
import { progressText, type TaskProgress } from './progress-bar.ts';

function progressOf(fields: Partial<TaskProgress>): TaskProgress {
  return {
    total: 0,
    before: 0,
    submitted: 0,
    completed: 0,
    failed: 0,
    gone: 0,
    trouble: undefined,
    ...fields,
  };
}

describe('progressText', () => {
  it('says how far it is, how fast, and how long yet', () => {
    const progress = progressOf({ total: 1000, submitted: 1000, completed: 240, failed: 10 });
    expect(progressText(progress, 25_000)).toBe(
      '[#####---------------] 250/1,000 ended, 10 failed, 10/s, 1:15 left',
    );
  });

  it('says how many are submitted until all are, and nothing of the time left while nothing has ended', () => {
    const progress = progressOf({ total: 40, submitted: 20, completed: 0, failed: 0 });
    expect(progressText(progress, 1)).toBe('[--------------------] 0/40 ended, 20 submitted, 0 failed, 0/s');
  });

  it('is full when there is nothing to do', () => {
    const progress = progressOf({ total: 0, submitted: 0, completed: 0, failed: 0 });
    expect(progressText(progress, 0)).toContain('[####################] 0/0 ended');
  });

  it('counts the speed of this command alone, not what an earlier one had fetched', () => {
    const progress = progressOf({ total: 1000, before: 900, submitted: 1000, completed: 910 });
    expect(progressText(progress, 1_000)).toContain('910/1,000 ended, 0 failed, 10/s, 0:09 left');
  });

  it('says why it does not go on', () => {
    const trouble = 'the server is not reached';
    expect(progressText(progressOf({ total: 2, submitted: 2, trouble }), 1_000)).toContain(
      '0/2 ended, the server is not reached, ',
    );
  });

  it.each([
    [70, '[#####---------------] 250/1,000 ended, 10 failed, 10/s, 1:15 left'],
    [60, '250/1,000 ended, 10 failed, 10/s, 1:15 left'],
    [45, '250/1,000 ended, 10 failed, 10/s, 1:15 left'],
    [40, '250/1,000 ended, 10 failed, 10/s'],
    [20, '250/1,000 ended'],
    [5, '250/1'],
  ])('fits a terminal of %i columns', (width, text) => {
    const progress = progressOf({ total: 1000, submitted: 1000, completed: 240, failed: 10 });
    expect(progressText(progress, 25_000, width)).toBe(text);
  });
});
