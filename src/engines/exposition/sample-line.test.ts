import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSampleValue, readAfterName } from './sample-line.ts';

describe('parseSampleValue', () => {
  it.each([
    ['0', 0],
    ['42', 42],
    ['+3', 3],
    ['-0.25', -0.25],
    ['1.', 1],
    ['.5', 0.5],
    ['1e+02', 100],
    ['2.5E1', 25],
    ['9.313225746154785e-05', 9.313225746154785e-5],
    ['1e400', Number.POSITIVE_INFINITY],
    ['NaN', Number.NaN],
    ['nan', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['-infinity', Number.NEGATIVE_INFINITY],
  ])('reads %s', (text, expected) => {
    expect(parseSampleValue(text)).toBe(expected);
  });

  it.each([
    '',
    '.',
    '1.2.3',
    '0.5.',
    '1e',
    'e5',
    '--1',
    '+-1',
    '0x10',
    '1_000',
    '1,5',
    'null',
    'Infinit',
    '12abc',
  ])('refuses %j', (text) => {
    expect(parseSampleValue(text)).toBeUndefined();
  });

  it('reads every finite number as JavaScript writes it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseSampleValue(String(value))).toBe(value === 0 ? Number(String(value)) : value);
      }),
    );
  });

  it('refuses a number too long to be a figure, however long', () => {
    expect(parseSampleValue('1'.repeat(65))).toBeUndefined();
    expect(parseSampleValue('9'.repeat(1_000_000))).toBeUndefined();
  });
});

describe('readAfterName', () => {
  const read = (rest: string) => readAfterName(`m${rest}`, 1, true);

  it.each([
    [' 3', 3],
    ['\t3', 3],
    ['{} 3', 3],
    ['{a="b"} 3', 3],
    ['{a="b"}3', 3],
    [' {a="b"} 3', 3],
    ['{a="b"}    0.5', 0.5],
    ['{a="b"} 3   ', 3],
    ['{a="b"} 3 1712345678000', 3],
    [' 3 -1', 3],
    [' 3 1712345678.123', 3],
    ['{a="b"} 6 # {trace_id="abc"} 0.67', 6],
    ['{a="b"} 6 1712345678 # {trace_id="abc"} 0.67 1712345670', 6],
    [' 6 # EOF?', 6],
  ])('reads the value of m%s', (rest, value) => {
    expect(read(rest)?.value).toBe(value);
  });

  it.each([
    '',
    ' ',
    '-3',
    '3',
    '{a="b"}',
    '{a="b"} ',
    '{a="b" 3',
    ' 3 soon',
    ' 3 4 5',
    ' {a="b"} x',
    '} 3',
    ' # 3',
  ])('refuses m%s', (rest) => {
    expect(read(rest)).toBeUndefined();
  });

  it('reads labels only when asked for', () => {
    expect(readAfterName('m{a="b"} 1', 1, true)?.labels.get('a')).toBe('b');
    expect(readAfterName('m{a="b"} 1', 1, false)?.labels.size).toBe(0);
  });
});
