import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../exposition/index.ts';
import { distinctValues, isSelected, meanOf, sumOf } from './combine.ts';

function sampleOf(value: number, labels: Record<string, string> = {}, name = 'm'): Sample {
  return { name, value, labels: new Map(Object.entries(labels)) };
}

describe('distinctValues', () => {
  it('keeps what differs by engine core or model', () => {
    const samples = [
      sampleOf(10, { engine: '0', model_name: 'a' }),
      sampleOf(11, { engine: '1', model_name: 'a' }),
      sampleOf(4, { engine: '0', model_name: 'b' }),
    ];
    expect(distinctValues(samples, { name: 'm' })).toEqual([10, 11, 4]);
  });

  it('takes the ranks of one tensor- or pipeline-parallel group for copies, and the largest of them', () => {
    const samples = [
      sampleOf(14, { dp_rank: '0', tp_rank: '0', pp_rank: '0' }),
      sampleOf(15, { dp_rank: '0', tp_rank: '1', pp_rank: '0' }),
      sampleOf(13, { dp_rank: '0', tp_rank: '0', pp_rank: '1' }),
      sampleOf(6, { dp_rank: '1', tp_rank: '0', pp_rank: '0' }),
    ];
    expect(distinctValues(samples, { name: 'm' })).toEqual([15, 6]);
  });

  it('does not mind in which order labels are written', () => {
    const samples = [
      sampleOf(1, { a: '1', b: '2', tp_rank: '0' }),
      sampleOf(2, { tp_rank: '1', b: '2', a: '1' }),
    ];
    expect(distinctValues(samples, { name: 'm' })).toEqual([2]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1])('leaves out %s', (value) => {
    expect(distinctValues([sampleOf(value), sampleOf(3, { other: 'x' })], { name: 'm' })).toEqual([3]);
  });

  it('leaves out other names', () => {
    expect(distinctValues([sampleOf(1, {}, 'n')], { name: 'm' })).toEqual([]);
  });

  it('never gives more values than samples, and always the largest', () => {
    const label = fc.constantFrom('0', '1');
    const sample = fc
      .tuple(fc.double({ min: 0, max: 1e9, noNaN: true }), label, label)
      .map(([value, engine, rank]) => sampleOf(value, { engine, tp_rank: rank }));
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 8 }), (samples) => {
        const values = distinctValues(samples, { name: 'm' });
        expect(values.length).toBe(new Set(samples.map(({ labels }) => labels.get('engine'))).size);
        expect(Math.max(...values)).toBe(Math.max(...samples.map(({ value }) => value)));
      }),
    );
  });
});

describe('isSelected', () => {
  const selector = { name: 'm', labels: { request_type: 'waiting' } };

  it('wants the name and every label', () => {
    expect(isSelected(sampleOf(1, { request_type: 'waiting', model: 'x' }), selector)).toBe(true);
    expect(isSelected(sampleOf(1, { request_type: 'active' }), selector)).toBe(false);
    expect(isSelected(sampleOf(1), selector)).toBe(false);
    expect(isSelected(sampleOf(1, { request_type: 'waiting' }, 'n'), selector)).toBe(false);
  });
});

describe('sumOf and meanOf', () => {
  it('have no answer where there are no values', () => {
    expect(sumOf([])).toBeUndefined();
    expect(meanOf([])).toBeUndefined();
  });

  it('tell a true zero from nothing', () => {
    expect(sumOf([0, 0])).toBe(0);
    expect(meanOf([0, 0])).toBe(0);
  });

  it('add up and average', () => {
    expect(sumOf([1, 2, 6])).toBe(9);
    expect(meanOf([1, 2, 6])).toBe(3);
  });
});
