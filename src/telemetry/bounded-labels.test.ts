import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBoundedLabels } from './bounded-labels.ts';

describe('bounded labels', () => {
  it('passes known values through up to the limit, then says "other"', () => {
    const labels = createBoundedLabels({ maxValues: 2, isKnown: () => true });
    expect(['a', 'b', 'c', 'a'].map(labels.labelFor)).toEqual(['a', 'b', 'other', 'a']);
  });

  it('says "unknown" for what nothing goes by, and learns it when something does', () => {
    const known = new Set<string>();
    const labels = createBoundedLabels({ maxValues: 2, isKnown: (value) => known.has(value) });
    expect(labels.labelFor('late')).toBe('unknown');
    known.add('late');
    expect(labels.labelFor('late')).toBe('late');
  });

  it('leaves the empty value empty: there is nothing to name', () => {
    const labels = createBoundedLabels({ maxValues: 1, isKnown: () => false });
    expect(labels.labelFor('')).toBe('');
  });

  it('makes room when a value is forgotten', () => {
    const labels = createBoundedLabels({ maxValues: 1, isKnown: () => true });
    labels.labelFor('a');
    labels.forget('a');
    expect(labels.labelFor('b')).toBe('b');
  });

  it('never yields more than the limit, whatever is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 0, max: 5 }), (values, maxValues) => {
        const labels = createBoundedLabels({ maxValues, isKnown: () => true });
        const seen = new Set(values.map(labels.labelFor));
        for (const standIn of ['', 'other']) seen.delete(standIn);
        expect(seen.size).toBeLessThanOrEqual(maxValues);
      }),
    );
  });
});
