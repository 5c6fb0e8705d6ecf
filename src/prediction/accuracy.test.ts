import { describe, expect, it } from 'vitest';
import { Accuracy, p80Of } from './accuracy.ts';

const predicted = (mean: number, p80?: number) => ({
  mean,
  standardDeviation: 0,
  ...(p80 !== undefined && { p80 }),
});

describe('accuracy', () => {
  it('is not a number while there is nothing to measure', () => {
    expect(new Accuracy().read()).toEqual({
      samples: 0,
      ttftMape: Number.NaN,
      tpotMape: Number.NaN,
      ttftWithinP80: Number.NaN,
    });
  });

  it('is the mean of the absolute errors as shares of what came', () => {
    const accuracy = new Accuracy();
    accuracy.sawTtft(predicted(100), 200);
    accuracy.sawTtft(predicted(100), 80);
    accuracy.sawTpot(predicted(11), 10);
    const { samples, ttftMape, tpotMape } = accuracy.read();
    expect([samples, ttftMape, tpotMape]).toEqual([2, (0.5 + 0.25) / 2, expect.closeTo(0.1)]);
  });

  it('tells how many stayed within the 80 % quantile', () => {
    const accuracy = new Accuracy();
    for (const actual of [90, 100, 120, 121]) accuracy.sawTtft(predicted(100, 120), actual);
    expect(accuracy.read().ttftWithinP80).toBe(0.75);
  });

  it('is that of the last thousand', () => {
    const accuracy = new Accuracy();
    for (let i = 0; i < 1000; i++) accuracy.sawTtft(predicted(1000), 100);
    for (let i = 0; i < 1000; i++) accuracy.sawTtft(predicted(110), 100);
    expect(accuracy.read()).toMatchObject({ samples: 1000, ttftMape: expect.closeTo(0.1) });
  });

  it.each([0, -3, Number.NaN])('does not count a time of %d', (actual) => {
    const accuracy = new Accuracy();
    accuracy.sawTtft(predicted(100), actual);
    accuracy.sawTpot(predicted(100), actual);
    expect(accuracy.read().samples).toBe(0);
    expect(accuracy.read().tpotMape).toBeNaN();
  });
});

it('takes the p80 of a normal distribution where none was foretold', () => {
  expect(p80Of({ mean: 100, standardDeviation: 10 })).toBeCloseTo(108.4, 1);
  expect(p80Of({ mean: 100, standardDeviation: 10, p80: 105 })).toBe(105);
});
