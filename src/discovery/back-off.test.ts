import { describe, expect, it } from 'vitest';
import { lookUpDelayMs } from './back-off.ts';

describe('lookUpDelayMs', () => {
  it.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [5, 8000],
    [6, 15_000],
    [500, 15_000],
  ])('after %i failures it is %i ms', (failures, delayMs) => {
    expect(lookUpDelayMs(failures, false)).toBe(delayMs);
  });

  it('stays short while an engine loads its model', () => {
    expect(lookUpDelayMs(1, true)).toBe(1000);
    expect(lookUpDelayMs(50, true)).toBe(1000);
  });
});
