import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../domain/index.ts';
import { createStrategy, isStrategyName, STRATEGIES } from './registry.ts';
import { type Candidate, STRATEGY_NAMES } from './strategy.ts';
import { weighted } from './weighted.ts';

type Row = readonly [uuid: string, expectedMs: number, errorMs: number, tasks: number, predictedMs?: number];

/** One candidate a row. */
function candidates(...rows: readonly Row[]): readonly Candidate[] {
  return rows.map(([uuid, expectedMs, errorMs, tasks, predictedMs]) => ({
    uuid,
    queue: { expectedMs, errorMs, tasks },
    ...(predictedMs !== undefined && { prediction: { expectedMs: predictedMs, errorMs: 0 } }),
  }));
}

function withQuantiles(uuid: string, values: readonly number[]): Candidate {
  const quantiles = { levels: [0.25, 0.5, 0.75, 0.99], values };
  return { uuid, queue: { expectedMs: values[1]!, errorMs: 1, tasks: 1, quantiles } };
}

/** Gives these numbers one after the other. */
function draws(...numbers: readonly number[]): Random {
  const left = [...numbers];
  return { next: () => left.shift() ?? expect.unreachable('drew too often') };
}

const noChance = draws();

describe('every strategy', () => {
  const anyCandidates = fc.array(
    fc
      .record({
        uuid: fc.uuid(),
        expectedMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
        errorMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
        tasks: fc.nat(1000),
        predicted: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
      })
      .map(({ uuid, predicted, ...queue }) => ({
        uuid,
        queue,
        ...(predicted !== null && { prediction: { expectedMs: predicted, errorMs: 0 } }),
      })),
    { minLength: 1, maxLength: 12 },
  );

  it.each(STRATEGY_NAMES)('%s chooses one of those that it was given, whatever their state', (name) => {
    fc.assert(
      fc.property(fc.array(anyCandidates, { minLength: 1, maxLength: 5 }), fc.integer(), (rounds, seed) => {
        const strategy = createStrategy(name, seededRandom(seed));
        for (const round of rounds) {
          const index = strategy.choose(round, 'm');
          expect(round[index]).toBeDefined();
        }
      }),
      { numRuns: 50 },
    );
  });

  it.each(STRATEGY_NAMES)('%s goes by the name in the table', (name) => {
    expect(createStrategy(name, noChance).name).toBe(name);
    expect(Object.keys(STRATEGIES)).toContain(name);
  });

  it('is refused under a name that none has, with those that are allowed', () => {
    expect(() => createStrategy('whatever', noChance)).toThrow(
      'strategy: found "whatever", allowed are shortest_queue, round_robin, weighted, probabilistic,',
    );
    expect(isStrategyName('toString')).toBe(false);
  });
});

describe('shortest_queue', () => {
  const choose = (...rows: readonly Row[]) =>
    createStrategy('shortest_queue', noChance).choose(candidates(...rows), 'm');

  it('takes the least work ahead', () => expect(choose(['a', 20, 0, 0], ['b', 10, 9, 9])).toBe(1));
  it('then the surest', () => expect(choose(['a', 10, 2, 0], ['b', 10, 1, 9])).toBe(1));
  it('then the fewest tasks', () => expect(choose(['a', 10, 1, 2], ['b', 10, 1, 1])).toBe(1));
  it('then the smallest UUID', () => expect(choose(['b', 10, 1, 1], ['a', 10, 1, 1])).toBe(1));
});

describe('weighted', () => {
  it('charges half of the error', () => {
    const choose = (...rows: readonly Row[]) => weighted().choose(candidates(...rows), 'm');
    expect(choose(['a', 100, 50, 0], ['b', 110, 20, 0])).toBe(1);
    expect(choose(['a', 100, 50, 2], ['b', 110, 30, 1])).toBe(1);
  });

  it.each([
    [-2, 0],
    [7, 1],
  ])('takes a weight of %d as %d', (given, taken) => {
    const rows = candidates(['a', 100, 50, 0], ['b', 130, 0, 0], ['c', 149, 0, 0]);
    expect(weighted(given).choose(rows, 'm')).toBe(weighted(taken).choose(rows, 'm'));
  });
});

describe('round_robin', () => {
  it('goes on where it was, whatever the model', () => {
    const strategy = createStrategy('round_robin', noChance);
    const of = (count: number) =>
      strategy.choose(candidates(...Array.from({ length: count }, (_, i): Row => [`${i}`, 0, 0, 0])), 'm');
    expect([of(3), of(2), of(3), of(3)]).toEqual([0, 1, 0, 1]);
  });
});

describe('min_time', () => {
  it('counts the task itself and the uncertainty of the queue; the first of equals wins', () => {
    const strategy = createStrategy('min_time', noChance);
    expect(strategy.choose(candidates(['b', 100, 20, 1, 30], ['a', 100, 0, 1, 40]), 'm')).toBe(1);
    expect(strategy.choose(candidates(['b', 100, 20, 1, 30], ['a', 100, 0, 1, 50]), 'm')).toBe(0);
  });
});

describe('po2', () => {
  it.each([
    ['the shorter of two drawn', [0.1, 0.9], 0],
    ['the second of equals', [0.1, 0.4], 1],
    ['one drawn twice', [0.9, 0.9], 2],
  ] as const)('takes %s', (_, numbers, index) => {
    const rows = candidates(['a', 1, 0, 0], ['b', 1, 0, 0], ['c', 2, 0, 0]);
    expect(createStrategy('po2', draws(...numbers)).choose(rows, 'm')).toBe(index);
  });
});

describe('probabilistic', () => {
  it('draws from each distribution; what is empty takes no time', () => {
    const both = [withQuantiles('a', [10, 20, 30, 40]), withQuantiles('b', [0, 25, 50, 60])];
    const choose = (...numbers: number[]) =>
      createStrategy('probabilistic', draws(...numbers)).choose(both, 'm');
    expect(choose(0.5, 0.5)).toBe(0);
    expect(choose(0.75, 0.5)).toBe(1);
    const idle = { uuid: 'c', queue: { expectedMs: 0, errorMs: 0, tasks: 0 } };
    expect(createStrategy('probabilistic', draws(0, 0, 0)).choose([...both, idle], 'm')).toBe(1);
    expect(createStrategy('probabilistic', draws(0, 0.3, 0)).choose([...both, idle], 'm')).toBe(2);
  });
});

describe('adaptive_bootstrap', () => {
  it('goes in turn until every candidate has a distribution for the task', () => {
    const unknown = candidates(['a', 0, 0, 0, 10], ['b', 0, 0, 0, 10]);
    const prediction = { expectedMs: 10, errorMs: 1, quantiles: { levels: [0.5], values: [10] } };
    const known = unknown.map((candidate) => ({ ...candidate, prediction }));
    const strategy = createStrategy('adaptive_bootstrap', draws(0.5, 0.5));
    expect([unknown, unknown, known].map((all) => strategy.choose(all, 'm'))).toEqual([0, 1, 0]);
  });
});

describe('signalbox', () => {
  it('adds deviations by squares', () => {
    const [surely, perhaps] = candidates(['a', 130, 0, 1], ['b', 100, 30, 1]);
    const prediction = { expectedMs: 10, errorMs: 40 };
    const both = [surely!, perhaps!].map((candidate) => ({ ...candidate, prediction }));
    expect(createStrategy('signalbox', noChance).choose(both, 'm')).toBe(1);
    expect(createStrategy('min_time', noChance).choose(both, 'm')).toBe(0);
  });
});
