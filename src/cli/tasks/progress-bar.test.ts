import { describe, expect, it } from 'vitest';
import { progressText } from './progress-bar.ts';

describe('progressText', () => {
  it('says how far it is, how fast, and how long yet', () => {
    const progress = { total: 1000, submitted: 1000, completed: 240, failed: 10 };
    expect(progressText(progress, 25_000)).toBe(
      '[#####---------------] 250/1,000 ended, 10 failed, 10/s, 1:15 left',
    );
  });

  it('says how many are submitted until all are, and nothing of the time left while nothing has ended', () => {
    const progress = { total: 40, submitted: 20, completed: 0, failed: 0 };
    expect(progressText(progress, 1)).toBe('[--------------------] 0/40 ended, 20 submitted, 0 failed, 0/s');
  });

  it('is full when there is nothing to do', () => {
    const progress = { total: 0, submitted: 0, completed: 0, failed: 0 };
    expect(progressText(progress, 0)).toContain('[####################] 0/0 ended');
  });
});
