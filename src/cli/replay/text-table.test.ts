import { describe, expect, it } from 'vitest';
import { alignColumns, formatClock, formatDuration, formatNumber, formatPercent } from './text-table.ts';

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [0.1234, '0.12'],
    [12.345, '12.3'],
    [123.4, '123'],
    [1234.5, '1,235'],
    [19366, '19,366'],
  ])('shows %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe('formatPercent', () => {
  it.each([
    [0, '0 %'],
    [0.9984, '99.8 %'],
    [1, '100 %'],
  ])('shows %d as %s', (share, text) => {
    expect(formatPercent(share)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0.0 s'],
    [1549, '1.5 s'],
    [45_400, '45 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatClock', () => {
  it.each([
    [0, '0:00'],
    [44_100, '0:45'],
    [200_000, '3:20'],
    [7_500_000, '2:05:00'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatClock(ms)).toBe(text);
  });
});

describe('alignColumns', () => {
  it('puts names to the left and numbers to the right', () => {
    expect(
      alignColumns([
        ['name', 'n'],
        ['a', '1,000'],
        ['longer', '5'],
      ]),
    ).toEqual(['name        n', 'a       1,000', 'longer      5']);
  });
});
