import { describe, expect, it } from 'vitest';
import { DEFAULT_SLO, meetsSlo, parseSlo } from './slo.ts';

describe('parseSlo', () => {
  it.each([
    [DEFAULT_SLO, { ttftMs: 2000, tpotMs: 100 }],
    ['ttft=1.5s', { ttftMs: 1500 }],
    [' E2E = 30s , tpot=50ms', { e2eMs: 30_000, tpotMs: 50 }],
  ])('reads %s', (text, slo) => {
    expect(parseSlo(text)).toEqual(slo);
  });

  it.each([
    ['', '--slo has "": give any of ttft, tpot, e2e, like ttft=2000ms,tpot=100ms'],
    ['ttft', '--slo has "ttft": give any of'],
    ['itl=5ms', '--slo has "itl=5ms": give any of'],
    ['ttft=5', '--slo ttft is "5": give a duration'],
    ['ttft=5ms,', '--slo has "": give any of'],
  ])('refuses %j', (text, message) => {
    expect(() => parseSlo(text)).toThrow(message);
  });
});

describe('meetsSlo', () => {
  const timings = { ttftMs: 100, tpotMs: 10, e2eMs: 1000 };

  it.each([
    [{}, true],
    [{ ttftMs: 100, tpotMs: 10, e2eMs: 1000 }, true],
    [{ ttftMs: 99 }, false],
    [{ tpotMs: 9 }, false],
    [{ e2eMs: 999 }, false],
    [{ ttftMs: 200, tpotMs: 9 }, false],
  ])('judges by every bound of %j', (slo, isMet) => {
    expect(meetsSlo(timings, slo)).toBe(isMet);
  });

  it('has nothing against an answer of one token, which has no time per further token', () => {
    expect(meetsSlo({ ...timings, tpotMs: undefined }, { tpotMs: 1 })).toBe(true);
  });
});
