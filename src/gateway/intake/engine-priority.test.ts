import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorityRank } from '../../domain/index.ts';
import { priorityOfNumber } from './engine-priority.ts';

describe('priorityOfNumber', () => {
  it.each([
    [-1_000_000, 'CRITICAL'],
    [-10, 'CRITICAL'],
    [-9, 'HIGH'],
    [-1, 'HIGH'],
    [0, 'NORMAL'],
    [1, 'LOW'],
    [9, 'LOW'],
    [10, 'BACKGROUND'],
    [1_000_000, 'BACKGROUND'],
  ])('%d is %s', (number, priority) => {
    expect(priorityOfNumber(number)).toBe(priority);
  });

  it('never puts a higher number before a lower one', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(priorityRank(priorityOfNumber(low))).toBeLessThanOrEqual(priorityRank(priorityOfNumber(high)));
      }),
    );
  });
});
