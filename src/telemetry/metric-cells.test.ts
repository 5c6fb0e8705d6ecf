import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketBounds, HistogramCell, NumberCell } from './metric-cells.ts';

function linesOf(cell: NumberCell | HistogramCell, labels = ''): string[] {
  const lines: string[] = [];
  cell.appendTo(lines, 'm', labels);
  return lines;
}

describe('a number', () => {
  it.each([
    [0, 'm 0'],
    [1.5, 'm 1.5'],
    [1e21, 'm 1e+21'],
    [Number.POSITIVE_INFINITY, 'm +Inf'],
    [Number.NEGATIVE_INFINITY, 'm -Inf'],
    [Number.NaN, 'm NaN'],
  ])('%d is written as Prometheus reads it', (value, line) => {
    const cell = new NumberCell();
    cell.value = value;
    expect(linesOf(cell)).toEqual([line]);
  });

  it('carries its labels in braces', () => {
    expect(linesOf(new NumberCell(), 'a="b"')).toEqual(['m{a="b"} 0']);
  });
});

describe('a histogram', () => {
  it('writes cumulative buckets, then sum and count', () => {
    const cell = new HistogramCell(bucketBounds([0.1, 1]));
    for (const value of [0.05, 0.5, 0.5, 7]) cell.observe(value);
    expect(linesOf(cell, 'a="b"')).toEqual([
      'm_bucket{a="b",le="0.1"} 1',
      'm_bucket{a="b",le="1"} 3',
      'm_bucket{a="b",le="+Inf"} 4',
      'm_sum{a="b"} 8.05',
      'm_count{a="b"} 4',
    ]);
  });

  it('counts a value that equals a bound into that bucket', () => {
    const cell = new HistogramCell(bucketBounds([1, 2]));
    cell.observe(1);
    expect(linesOf(cell)[0]).toBe('m_bucket{le="1"} 1');
  });

  it('leaves out what is no number, so that the sum stays one', () => {
    const cell = new HistogramCell(bucketBounds([1]));
    cell.observe(Number.NaN);
    cell.observe(0.25);
    expect([cell.sum, cell.count]).toEqual([0.25, 1]);
  });

  it('agrees with counting each bucket directly, for any values', () => {
    const bounds = [0.01, 0.5, 3, 100];
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1, max: 1000 })), (values) => {
        const cell = new HistogramCell(bucketBounds(bounds));
        for (const value of values) cell.observe(value);
        const counts = linesOf(cell)
          .filter((line) => line.includes('_bucket'))
          .map((line) => Number(line.split(' ')[1]));
        const expected = [...bounds, Number.POSITIVE_INFINITY].map(
          (bound) => values.filter((value) => value <= bound).length,
        );
        expect(counts).toEqual(expected);
        expect(cell.count).toBe(values.length);
      }),
    );
  });
});
