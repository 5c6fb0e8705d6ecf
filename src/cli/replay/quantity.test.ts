import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCount, parseDurationMs, parsePositive, parseShare } from './quantity.ts';
import { ReplayError } from './replay-error.ts';

describe('parseDurationMs', () => {
  it.each([
    ['2000ms', 2000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['0.5h', 1_800_000],
    [' 7s ', 7000],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text, '--timeout')).toBe(ms);
  });

  it.each(['', '5', '0s', '-1s', '1 s', '5d', 's', '1e3ms', 'NaNs'])('refuses %j', (text) => {
    expect(() => parseDurationMs(text, '--timeout')).toThrow(
      `--timeout is "${text}": give a duration above zero with its unit, like 2000ms, 1.5s or 2m`,
    );
  });
});

describe('parsePositive', () => {
  it.each([
    ['1', 1],
    ['0.25', 0.25],
    ['1e3', 1000],
  ])('reads %s', (text, value) => {
    expect(parsePositive(text, '--speed')).toBe(value);
  });

  it.each(['0', '-1', '', 'fast', 'Infinity', '1e999', '0x10'])('refuses %j', (text) => {
    expect(() => parsePositive(text, '--speed')).toThrow(`--speed is "${text}": give a number above zero`);
  });
});

describe('parseCount', () => {
  it('reads back every whole number from the least on', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(10), (count, least) => {
        fc.pre(count >= least);
        expect(parseCount(String(count), '--limit', least)).toBe(count);
      }),
    );
  });

  it.each(['0', '-1', '1.5', '', 'ten', '99999999999999999999'])(
    'refuses %j where 1 is the least',
    (text) => {
      expect(() => parseCount(text, '--limit', 1)).toThrow('give a whole number of at least 1');
    },
  );

  it('is the fault of the command line', () => {
    const thrown = (): unknown => parseCount('x', '--limit', 1);
    expect(thrown).toThrow(ReplayError);
    expect(thrown).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('parseShare', () => {
  it.each([
    ['0.05', 0.05],
    ['5%', 0.05],
    ['0', 0],
    ['100 %', 1],
  ])('reads %s', (text, share) => {
    expect(parseShare(text, '--max-broken')).toBe(share);
  });

  it.each(['5', '101%', '-0.1', '', '%'])('refuses %j', (text) => {
    expect(() => parseShare(text, '--max-broken')).toThrow('give a share from 0 to 1, or like 5%');
  });
});
