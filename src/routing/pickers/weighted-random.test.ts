import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aView } from '../../../test/builders.ts';
import { type Random, seededRandom } from '../../domain/index.ts';
import { weightedRandomPicker } from './weighted-random.ts';

function pick(totals: readonly number[], random: Random): number {
  const views = totals.map((_, i) => aView(`i${i}`));
  return weightedRandomPicker.pick(views, Float64Array.from(totals), { nowMs: 0, random, inputs: {} });
}

const drawn = (value: number): Random => ({ next: () => value });

describe('the weighted random picker', () => {
  it.each([
    [0, 0],
    [0.2499, 0],
    [0.25, 1],
    [0.7499, 1],
    [0.75, 2],
    [0.9999, 2],
  ])('takes for a draw of %d the one whose share holds it', (draw, expected) => {
    expect(pick([1, 2, 1], drawn(draw))).toBe(expected);
  });

  it.each([
    [[0, 1, 0], 1],
    [[-5, 0, 0.001], 2],
    [[Number.NaN, 1], 1],
  ])('never takes one without a positive total: %j', (totals, expected) => {
    for (const draw of [0, 0.5, 0.999999]) expect(pick(totals, drawn(draw))).toBe(expected);
  });

  it('treats all alike when none is positive or one is infinite', () => {
    expect([0, 0.5, 0.9].map((draw) => pick([0, -1, 0], drawn(draw)))).toEqual([0, 1, 2]);
    expect(pick([1, Number.POSITIVE_INFINITY], drawn(0.1))).toBe(0);
  });

  it('takes each as often as its total says', () => {
    const random = seededRandom(7);
    const counts = [0, 0, 0];
    for (let round = 0; round < 20_000; round++) counts[pick([0.5, 0.3, 0.2], random)]!++;
    expect(counts.every((count, i) => Math.abs(count / 20_000 - [0.5, 0.3, 0.2][i]!) < 0.02)).toBe(true);
  });

  it('always takes one that is there, and a positive one where there is one', () => {
    const total = fc.double({ min: -1, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(total, { minLength: 1, maxLength: 20 }), fc.integer(), (totals, seed) => {
        const index = pick(totals, seededRandom(seed));
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThan(totals.length);
        if (totals.some((value) => value > 0)) expect(totals[index]).toBeGreaterThan(0);
      }),
    );
  });
});
