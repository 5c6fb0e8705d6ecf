import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvRowReader, hasColumns, splitCsvLine } from './csv.ts';
import { readTokens } from './fields.ts';
import { isBroken } from './trace-format.ts';

describe('splitCsvLine', () => {
  it.each([
    ['a,b,c', ['a', 'b', 'c']],
    [' a , b ', ['a', 'b']],
    ['a,,', ['a', '', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""", c', ['say "hi"', 'c']],
    ['"a",', ['a', '']],
  ])('reads %s', (line, fields) => {
    expect(splitCsvLine(line)).toEqual(fields);
  });

  it.each(['"a,b', 'a"b,c', '"a"b,c'])('refuses %s', (line) => {
    expect(() => splitCsvLine(line)).toThrow('quoted field');
  });

  it('reads back whatever was quoted', () => {
    const field = fc.string().filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
        const line = fields.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
        expect(splitCsvLine(line)).toEqual(fields);
      }),
    );
  });
});

describe('csvRowReader', () => {
  const reader = csvRowReader('Out,extra,IN', ['in', 'out'], (fields) => ({
    stampMs: 0,
    promptTokens: readTokens(fields.in, 'in'),
    outputTokens: readTokens(fields.out, 'out'),
  }));

  it('finds columns by name, in any order and case', () => {
    expect(reader('5,x,12')).toEqual({ stampMs: 0, promptTokens: 12, outputTokens: 5 });
  });

  it.each([
    ['5,x', '2 fields where the heading has 3'],
    ['5,x,many', 'in is "many", not a whole number from 0 to 10000000'],
    ['5,x,-1', 'in is "-1", not a whole number from 0 to 10000000'],
    ['5,x,1.5', 'in is "1.5", not a whole number from 0 to 10000000'],
    ['5,x,', 'in is "", not a whole number from 0 to 10000000'],
    ['5,x,99999999', 'in is "99999999", not a whole number from 0 to 10000000'],
    ['5,"x,12', 'a quoted field does not end where it should'],
  ])('tells why %s is no row', (line, reason) => {
    expect(reader(line)).toEqual({ reason });
  });

  it('lets an error that is not about a field through', () => {
    const broken = csvRowReader('a', ['a'], () => {
      throw new TypeError('ours');
    });
    expect(() => broken('1')).toThrow(TypeError);
  });

  it('takes whole numbers that were written as decimals', () => {
    const row = reader('5.0,x,12.');
    expect(isBroken(row) ? row : row.promptTokens + row.outputTokens).toBe(17);
  });
});

describe('hasColumns', () => {
  it('wants all of them, whatever else is there', () => {
    expect(hasColumns('x,"b",A', ['a', 'B'])).toBe(true);
    expect(hasColumns('x,b', ['a', 'b'])).toBe(false);
    expect(hasColumns('"a,b', ['a', 'b'])).toBe(false);
  });
});
