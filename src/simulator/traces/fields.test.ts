import { describe, expect, it } from 'vitest';
import {
  checkTokens,
  FieldError,
  MAX_TOKENS,
  readSecondsAsMs,
  readTokens,
  rowOrReason,
  show,
} from './fields.ts';

describe('readTokens', () => {
  it.each([
    ['0', 0],
    ['472', 472],
    ['472.0', 472],
    [String(MAX_TOKENS), MAX_TOKENS],
  ])('reads %s', (text, tokens) => {
    expect(readTokens(text, 'n')).toBe(tokens);
  });

  it.each(['', ' ', '-1', '+1', '1e3', '0x10', '1.5', 'NaN', '10000001'])('refuses %j', (text) => {
    expect(() => readTokens(text, 'n')).toThrow(FieldError);
  });
});

describe('checkTokens', () => {
  it.each([undefined, null, '5', true, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, [5]])(
    'refuses %j',
    (value) => {
      expect(() => checkTokens(value, 'n')).toThrow(/^n is .*, not a whole number from 0 to 10000000$/);
    },
  );
});

describe('readSecondsAsMs', () => {
  it.each([
    ['0', 0],
    ['1.5', 1500],
    ['2.', 2000],
    ['1e-3', 1],
  ])('reads %s', (text, ms) => {
    expect(readSecondsAsMs(text, 't')).toBeCloseTo(ms, 9);
  });

  it.each(['', '-1', 'Infinity', '12:30', '.5'])('refuses %j', (text) => {
    expect(() => readSecondsAsMs(text, 't')).toThrow('not a number of seconds');
  });
});

describe('show', () => {
  it('quotes, names what is missing, and shortens', () => {
    expect(show('a"b')).toBe('"a\\"b"');
    expect(show(undefined)).toBe('missing');
    expect(show('x'.repeat(100))).toHaveLength(60);
  });
});

describe('rowOrReason', () => {
  it('makes a reason of a wrong field only', () => {
    const throwing = (error: Error) => () => {
      throw error;
    };
    expect(rowOrReason(throwing(new FieldError('odd')))).toEqual({ reason: 'odd' });
    expect(() => rowOrReason(throwing(new RangeError('ours')))).toThrow(RangeError);
  });
});

describe('a moment beyond all numbers', () => {
  it('is a broken line, and not a request that never comes', () => {
    expect(() => readSecondsAsMs('1e400', 'time_s')).toThrow('time_s is "1e400", not a number of seconds');
    expect(readSecondsAsMs('1e6', 'time_s')).toBe(1e9);
  });
});
