import { describe, expect, it } from 'vitest';
import { aView } from '../../../test/builders.ts';
import { aContext } from '../../../test/routing-fixtures.ts';
import { makePicker } from '../registry.ts';

const views = ['a', 'b', 'c'].map((id) => aView(id));

function shares(totals: readonly number[], temperature?: number): number[] {
  const parameters = temperature === undefined ? {} : { temperature };
  const picker = makePicker({ name: 'softmax', parameters }, {});
  const context = aContext();
  const counts = [0, 0, 0];
  for (let i = 0; i < 20_000; i++)
    counts[picker.pick(views, Float64Array.from(totals), context)]! += 1 / 20_000;
  return counts;
}

describe('softmax', () => {
  it('picks in proportion to exp(total / temperature)', () => {
    const weights = [0.2, 0.5, 1].map((total) => Math.exp(total / 0.5));
    const sum = weights.reduce((a, b) => a + b);
    shares([0.2, 0.5, 1], 0.5).forEach((share, i) => {
      expect(share).toBeCloseTo(weights[i]! / sum, 1.5);
    });
  });

  it('picks the best at a low temperature, and any at a high one', () => {
    expect(shares([0.2, 0.9, 1], 0.001)).toEqual([0, 0, expect.closeTo(1)]);
    for (const share of shares([0.2, 0.9, 1], 1_000)) expect(share).toBeCloseTo(1 / 3, 1);
  });

  it('stands totals of any size', () => {
    expect(shares([1e6, -1e6, 0])).toEqual([expect.closeTo(1), 0, 0]);
  });

  it('refuses a temperature of 0', () => {
    expect(() => makePicker({ name: 'softmax', parameters: { temperature: 0 } }, {})).toThrow(
      'picker "softmax": temperature must be a number of at least 0.001, found 0',
    );
  });
});
