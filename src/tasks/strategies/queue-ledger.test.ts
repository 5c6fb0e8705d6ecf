import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskPrediction } from '../task.ts';
import { drawOf } from './probabilistic.ts';
import { type LedgerTask, QueueLedger } from './queue-ledger.ts';
import type { QueueState } from './strategy.ts';

const task = (id: string, expectedMs: number, errorMs = 0): LedgerTask => ({
  id,
  prediction: { expectedMs, errorMs },
});

function figures({ expectedMs, errorMs, tasks }: QueueState): QueueState {
  return { expectedMs, errorMs, tasks };
}

describe('a ledger of queues', () => {
  it('charges an instance what was predicted, deviations by squares', () => {
    const ledger = new QueueLedger();
    ledger.add('a', task('1', 100, 30));
    ledger.add('a', task('2', 50, 40));
    expect(figures(ledger.state('a'))).toEqual({ expectedMs: 150, errorMs: 50, tasks: 2 });
    expect(figures(ledger.state('b'))).toEqual({ expectedMs: 0, errorMs: 0, tasks: 0 });
  });

  it('credits what was predicted however long the task took, to the instance that had it', () => {
    const ledger = new QueueLedger();
    const [slow, other] = [task('1', 20, 3), task('2', 20, 4)];
    ledger.add('a', slow);
    ledger.add('a', other);
    ledger.add('b', task('3', 20, 4));
    ledger.remove('a', slow);
    expect(figures(ledger.state('a'))).toEqual({ expectedMs: 20, errorMs: 4, tasks: 1 });
    expect(figures(ledger.state('b'))).toEqual({ expectedMs: 20, errorMs: 4, tasks: 1 });
  });

  it('counts tasks of which nobody knows how long they take', () => {
    const ledger = new QueueLedger();
    ledger.add('a', { id: '1' });
    ledger.add('a', { id: '2', prediction: { expectedMs: Number.NaN, errorMs: -1 } });
    expect(figures(ledger.state('a'))).toEqual({ expectedMs: 0, errorMs: 0, tasks: 2 });
  });

  it('moves a task with what is predicted for its new place', () => {
    const ledger = new QueueLedger();
    ledger.add('a', task('1', 100));
    ledger.move('a', 'b', task('1', 100), { expectedMs: 30, errorMs: 5 });
    expect(figures(ledger.state('a'))).toEqual({ expectedMs: 0, errorMs: 0, tasks: 0 });
    expect(figures(ledger.state('b'))).toEqual({ expectedMs: 30, errorMs: 5, tasks: 1 });
  });

  it('begins with what is stored, and takes stored tasks out as any other', () => {
    const ledger = new QueueLedger();
    ledger.add('gone', task('0', 1));
    ledger.restore([
      { instance: 'a', model: 'm', tasks: 2, expectedMs: 150, varianceMs2: 2500 },
      { instance: 'a', model: 'n', tasks: 1, expectedMs: 10, varianceMs2: 0 },
      { instance: 'b', model: 'm', tasks: 0, expectedMs: 0, varianceMs2: 0 },
    ]);
    expect(figures(ledger.state('gone')).tasks).toBe(0);
    expect(figures(ledger.state('a'))).toEqual({ expectedMs: 160, errorMs: 50, tasks: 3 });
    ledger.remove('a', task('2', 50, 40));
    expect(figures(ledger.state('a'))).toEqual({ expectedMs: 110, errorMs: 30, tasks: 2 });
  });

  it('has nothing of an instance that is forgotten, and nothing at all when cleared', () => {
    const ledger = new QueueLedger();
    for (const instance of ['a', 'b']) ledger.add(instance, task('1', 100, 30));
    ledger.forget('a');
    expect(ledger.state('a').tasks).toBe(0);
    ledger.clear();
    expect(ledger.state('b').quantiles).toBeUndefined();
    ledger.remove('b', task('1', 100, 30));
    expect(figures(ledger.state('b'))).toEqual({ expectedMs: 0, errorMs: 0, tasks: 0 });
  });

  it('shows a distribution at its levels while something is queued', () => {
    const ledger = new QueueLedger([0.5, 0.9]);
    const quantiles = { levels: [0.5, 0.9], values: [100, 150] };
    const known = { id: '1', prediction: { expectedMs: 105, errorMs: 30, quantiles } };
    ledger.add('a', known);
    expect(ledger.state('a').quantiles).toEqual(quantiles);
    ledger.add('a', task('2', 50));
    expect(ledger.state('a').quantiles!.values.map(Math.round)).toEqual([150, 200]);
    ledger.remove('a', task('2', 50));
    expect(ledger.state('a').quantiles).toEqual(quantiles);
    ledger.remove('a', known);
    expect(ledger.state('a').quantiles).toBeUndefined();
  });
});

describe('at any time', () => {
  const anyTime = fc.double({ min: 0, max: 1e7, noNaN: true });
  const anyPrediction = fc.option(fc.record({ expectedMs: anyTime, errorMs: anyTime }), { nil: undefined });
  const anyStep = fc.record({
    of: fc.nat(19),
    to: fc.constantFrom('a', 'b', 'c'),
    prediction: anyPrediction,
    there: anyPrediction,
  });
  interface Held {
    readonly instance: string;
    readonly task: LedgerTask;
  }

  /** Each step adds a task, moves it, or ends it. */
  function play(
    steps: readonly {
      of: number;
      to: string;
      prediction?: TaskPrediction | undefined;
      there?: TaskPrediction | undefined;
    }[],
  ) {
    const ledger = new QueueLedger();
    const held = new Map<number, Held>();
    for (const { of, to, prediction, there } of steps) {
      const known = held.get(of);
      if (known === undefined) {
        held.set(of, { instance: to, task: { id: `${of}`, prediction } });
        ledger.add(to, { id: `${of}`, prediction });
      } else if (known.instance === to) {
        held.delete(of);
        ledger.remove(to, known.task);
      } else {
        const after = there ?? known.task.prediction;
        held.set(of, { instance: to, task: { id: `${of}`, prediction: after } });
        ledger.move(known.instance, to, known.task, after);
      }
    }
    return { ledger, held };
  }

  it('the books are the sums over what is pending: never below zero, zero when nothing is', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
        const { ledger, held } = play(steps);
        for (const instance of ['a', 'b', 'c']) {
          const pending = [...held.values()].filter((one) => one.instance === instance);
          const sum = (of: (prediction: TaskPrediction) => number) =>
            pending.reduce((all, one) => all + (one.task.prediction ? of(one.task.prediction) : 0), 0);
          const state = ledger.state(instance);
          expect(state.tasks).toBe(pending.length);
          expect(state.expectedMs).toBeCloseTo(
            sum((p) => p.expectedMs),
            6,
          );
          expect(state.errorMs).toBeCloseTo(Math.sqrt(sum((p) => p.errorMs ** 2)), 3);
          expect(Math.min(state.expectedMs, state.errorMs)).toBeGreaterThanOrEqual(0);
          const values = state.quantiles?.values ?? [];
          expect(values).toEqual(values.toSorted((a, b) => a - b));
          expect(values.every((value) => value >= 0)).toBe(true);
        }
        for (const { instance, task: left } of held.values()) ledger.remove(instance, left);
        for (const instance of ['a', 'b', 'c']) {
          expect(figures(ledger.state(instance))).toEqual({ expectedMs: 0, errorMs: 0, tasks: 0 });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('does not drift away in a million additions and removals', () => {
    const ledger = new QueueLedger();
    ledger.add('a', task('rest', 0.3, 0.1));
    for (let i = 0; i < 500_000; i++) {
      ledger.add('a', task(`${i}`, (i % 977) * 1234.567, (i % 31) * 7.7));
      if (i > 0) ledger.remove('a', task(`${i - 1}`, ((i - 1) % 977) * 1234.567, ((i - 1) % 31) * 7.7));
    }
    ledger.remove('a', task('499999', (499_999 % 977) * 1234.567, (499_999 % 31) * 7.7));
    expect(ledger.state('a').expectedMs).toBeCloseTo(0.3, 12);
    expect(ledger.state('a').errorMs).toBeCloseTo(0.1, 12);
  });
});

describe('other levels', () => {
  it('hold for the draws of `probabilistic` as well', () => {
    const ledger = new QueueLedger();
    for (let n = 0; n < 100; n++) ledger.add('a', task(String(n), 100, 50));
    const highest = () => ledger.state('a').quantiles!.values.at(-1)!;
    const at99 = highest();
    ledger.showAt([0.1, 0.5]);
    const { quantiles } = ledger.state('a');
    expect(drawOf(ledger.state('a'), 0.999)).toBe(quantiles!.values[1]);
    expect(highest()).toBeLessThan(at99);
    ledger.showAt();
    expect(highest()).toBe(at99);
  });
});
