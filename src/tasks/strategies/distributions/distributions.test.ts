import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../domain/index.ts';
import type { QuantileTable } from '../../task.ts';
import { addBySampling } from './add-by-sampling.ts';
import { convolve } from './convolve.ts';
import { convolveOnGrid, quantilesOfGrid } from './convolve-on-grid.ts';
import { cumulantsOf, gammaLike, tableOf } from './cumulants.ts';
import { normalQuantile, normalShare } from './normal.ts';
import { checkQuantileTable, extended, valueExtended, valueWithin } from './quantile-table.ts';
import { QueueDistribution } from './queue-distribution.ts';

const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95];
const FINE = Array.from({ length: 199 }, (_, i) => (i + 1) / 200);

/** Times of which some lie closely together, some far apart, some are equal. */
const anyTable: fc.Arbitrary<QuantileTable> = fc
  .tuple(
    fc.constantFrom([0.25, 0.5, 0.75, 0.99], LEVELS, [0.1, 0.5, 0.9], [0.3, 0.6]),
    fc.integer({ min: 0, max: 1000 }),
    fc.array(
      fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true })),
      {
        minLength: 5,
        maxLength: 5,
      },
    ),
  )
  .map(([levels, first, steps]) => {
    let value = first;
    const values = levels.map((_, i) => {
      value += steps[i]!;
      return value;
    });
    return { levels, values };
  });

function widestSegment(table: QuantileTable): number {
  const { values } = extended(table);
  return Math.max(...values.slice(1).map((value, i) => value - values[i]!));
}

describe('a table of quantiles', () => {
  const table = { levels: [0.25, 0.5, 0.75], values: [10, 20, 40] };

  it('is read linearly, beyond its ends as flat or as going on', () => {
    expect([0, 0.3, 0.5, 1].map((u) => valueWithin(table, u))).toEqual([10, 12, 20, 40]);
    expect([0, 0.3, 0.5, 1].map((u) => valueExtended(table, u))).toEqual([0, 12, 20, 60]);
    expect(valueExtended({ levels: [0.5], values: [7] }, 0.9)).toBe(7);
  });

  it.each([
    [[0.5, 0.25], [1, 2], 'levels[1] is 0.25'],
    [[0, 0.5], [1, 2], 'levels[0] is 0'],
    [[0.25, 0.5], [2, 1], 'values[1] is 1'],
    [[0.25, 0.5], [2, Number.NaN], 'values[1] is NaN'],
    [[0.25], [], 'found 1 levels and 0 values'],
  ])('of levels %j and values %j is refused', (levels, values, why) => {
    expect(() => checkQuantileTable({ levels, values })).toThrow(why);
  });
});

describe('the exact sum', () => {
  it('of two uniform times is a triangle', () => {
    const uniform = { levels: [0.25, 0.75], values: [25, 75] };
    const { values } = convolve(uniform, uniform, [0.02, 0.125, 0.5, 0.875]);
    expect(values).toEqual([20, 50, 100, 150].map((value) => expect.closeTo(value, 9)));
  });

  it('of two sure times is their sum', () => {
    const sure = (value: number) => ({ levels: [0.5, 0.9], values: [value, value] });
    expect(convolve(sure(3), sure(4), LEVELS).values).toEqual([7, 7, 7, 7, 7]);
  });

  it('of a sure time and another is that one later', () => {
    const other = { levels: LEVELS, values: [1, 2, 3, 10, 20] };
    const { values } = convolve({ levels: [0.5], values: [100] }, other, LEVELS);
    expect(values).toEqual([101, 102, 103, 110, 120].map((value) => expect.closeTo(value, 9)));
  });

  it('is where two values meet as often as they do', () => {
    const twoValues = { levels: [0.25, 0.4999999, 0.5, 0.75], values: [0, 0, 10, 10] };
    expect(convolve(twoValues, twoValues, [0.2, 0.3, 0.7, 0.8]).values.map(Math.round)).toEqual([
      0, 10, 10, 20,
    ]);
  });

  it('never falls, and does not ask who comes first', () => {
    fc.assert(
      fc.property(anyTable, anyTable, (one, other) => {
        const { values } = convolve(one, other, FINE);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
        const turned = convolve(other, one, FINE).values;
        for (const [i, value] of values.entries()) expect(turned[i]).toBeCloseTo(value, 6);
      }),
    );
  });

  it('differs from the reference by at most half of a cell and a step of its grid', () => {
    fc.assert(
      fc.property(anyTable, anyTable, (one, other) => {
        const points = 2001;
        const grid = convolveOnGrid(one, other, points);
        const step = (grid.values.at(-1)! - grid.values[0]!) / (points - 1);
        const bound = widestSegment(other) / 2 + 2 * step + 1e-6;
        const [exact, reference] = [convolve(one, other, LEVELS), quantilesOfGrid(grid, LEVELS)];
        for (const [i, value] of exact.values.entries()) {
          expect(Math.abs(value - reference.values[i]!)).toBeLessThanOrEqual(bound);
        }
      }),
    );
  });

  it('comes as near to what draws give as draws come', () => {
    const one = { levels: LEVELS, values: [10, 100, 120, 400, 900] };
    const other = { levels: LEVELS, values: [200, 220, 500, 510, 520] };
    const [levels, draws] = [[0.2, 0.5, 0.8], 200_000];
    const drawn = addBySampling(
      { levels: FINE, values: FINE.map((u) => valueExtended(one, u)) },
      other,
      seededRandom(7),
      draws,
    );
    const exact = convolve(one, other, levels);
    for (const [i, level] of levels.entries()) {
      const difference = Math.abs(exact.values[i]! - valueWithin(drawn, level));
      expect(difference).toBeLessThan(0.02 * (900 + 520 - 210));
    }
  });

  it('has the mean of both together, to what 199 levels tell of it', () => {
    fc.assert(
      fc.property(anyTable, anyTable, (one, other) => {
        const sum = convolve(one, other, FINE);
        const together = cumulantsOf(one).mean + cumulantsOf(other).mean;
        const range = extended(sum).values.at(-1)! - extended(sum).values[0]!;
        expect(Math.abs(cumulantsOf(sum).mean - together)).toBeLessThanOrEqual(0.01 * range + 1e-9);
      }),
    );
  });
});

describe('cumulants', () => {
  it('of a table are those of its lines', () => {
    const { mean, variance, third } = cumulantsOf({ levels: [0.25, 0.75], values: [25, 75] });
    expect([mean, variance, third]).toEqual([50, 10_000 / 12, 0].map((value) => expect.closeTo(value, 9)));
  });

  it('make the quantiles of a gamma distribution', () => {
    // Gamma with shape 4 and scale 25: half of a chi-squared distribution with 8 degrees of freedom, times 25.
    const { values } = tableOf(gammaLike(100, 2500), [0.05, 0.5, 0.95]);
    for (const [i, chiSquared] of [2.7326, 7.3441, 15.5073].entries()) {
      expect(Math.abs(values[i]! - 12.5 * chiSquared)).toBeLessThan(0.5);
    }
  });

  it('make quantiles that never fall, whatever they are', () => {
    const anyNumber = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        anyNumber,
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        anyNumber,
        (mean, variance, third) => {
          const { values } = tableOf({ mean, variance, third }, FINE);
          expect(values.every(Number.isFinite)).toBe(true);
          for (const [i, value] of values.slice(1).entries()) {
            expect(value).toBeGreaterThanOrEqual(values[i]! - 1e-6 * Math.abs(value));
          }
        },
      ),
    );
  });
});

describe('the normal distribution', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-2.5, 0.006209665325776132],
    [3.5, 0.9997673709209645],
    [-6, 9.865876450376981e-10],
    [-40, 0],
  ])('has below %d a share of %d', (z, share) => {
    expect(normalShare(z)).toBeCloseTo(share, 14);
    expect(Math.abs(normalShare(z) / (share || 1) - (share === 0 ? 0 : 1))).toBeLessThan(1e-12);
  });

  it('turns a share into the value it belongs to', () => {
    for (const level of FINE) expect(normalShare(normalQuantile(level))).toBeCloseTo(level, 13);
  });
});

describe('the distribution of a queue', () => {
  const task = (seed: number) => {
    const random = seededRandom(seed);
    const values = LEVELS.map(() => Math.round(1000 * random.next())).sort((a, b) => a - b);
    const table = { levels: LEVELS, values };
    const { mean, variance } = cumulantsOf(table);
    return { expectedMs: mean, errorMs: Math.sqrt(variance), quantiles: table };
  };

  it.each([1, 5, 8, 9, 30, 71, 72, 90])(
    'of %d tasks is, after others came and went, as if they had never been there',
    (count) => {
      const [alone, busy] = [new QueueDistribution(LEVELS), new QueueDistribution(LEVELS)];
      for (let i = 0; i < count; i++) {
        alone.add(`${i}`, task(i));
        busy.add(`${i}`, task(i));
      }
      for (let i = count; i < count + 20; i++) busy.add(`${i}`, task(i));
      for (let i = count; i < count + 20; i++) busy.remove(`${i}`, task(i));
      expect(busy.read()!.values).toEqual(alone.read()!.values.map((value) => expect.closeTo(value, 6)));
    },
  );

  it.each([
    [3, 0.07],
    [8, 0.05],
    [16, 0.05],
    [40, 0.05],
    [80, 0.08],
  ])('of %d tasks is within a share of its deviation of what drawing all of them gives', (count, share) => {
    const queue = new QueueDistribution(LEVELS);
    const tasks = Array.from({ length: count }, (_, i) => task(i));
    for (const [i, each] of tasks.entries()) queue.add(`${i}`, each);
    const random = seededRandom(99);
    const draws = 40_000;
    const sums = new Float64Array(draws);
    for (const { quantiles } of tasks) {
      for (let i = 0; i < draws; i++) sums[i]! += valueExtended(quantiles, random.next());
    }
    sums.sort();
    const deviation = Math.hypot(...tasks.map(({ errorMs }) => errorMs));
    for (const [i, level] of LEVELS.entries()) {
      const difference = Math.abs(queue.read()!.values[i]! - sums[Math.floor(level * draws)]!);
      expect(difference / deviation).toBeLessThan(share);
    }
  });
});
