import { describe, expect, it } from 'vitest';
import { Difference, WhenTally, WhereTally } from './tally.ts';

describe('a difference', () => {
  it('has a mean, and the share of what is lower', () => {
    const difference = new Difference();
    for (const value of [-30, 10, 0, -20]) difference.add(value);
    expect(difference.summary()).toEqual({ samples: 4, mean: -10, lowerShare: 0.5 });
  });

  it('is zero, not NaN, before the first sample', () => {
    expect(new Difference().summary()).toEqual({ samples: 0, mean: 0, lowerShare: 0 });
    expect(new Difference().hasSamples).toBe(false);
  });
});

describe('counts', () => {
  it('give the share of disagreements', () => {
    const where = Object.assign(new WhereTally(), { decisions: 8, disagreements: 2 });
    const when = Object.assign(new WhenTally(), { decisions: 10, disagreements: 9 });
    expect(where.counts().disagreementShare).toBe(0.25);
    expect(when.counts().disagreementShare).toBe(0.9);
  });

  it('give no share before the first decision', () => {
    expect(new WhereTally().counts().disagreementShare).toBe(0);
    expect(new WhenTally().counts().disagreementShare).toBe(0);
  });

  it('tell of predictions only where something predicts', () => {
    const where = new WhereTally();
    expect(where.counts()).not.toHaveProperty('predictedTtftMs');
    where.predictedTtftMs.add(5);
    expect(where.counts().predictedTtftMs).toEqual({ samples: 1, mean: 5, lowerShare: 0 });
  });
});
