import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { LearntTimes } from './learnt-times.ts';
import { PredictionScores } from './prediction-scores.ts';
import { TaskPredictor } from './task-predictor.ts';
import { shapeOf } from './task-shape.ts';
import type { TaskQuestion, TaskTimes } from './task-times.ts';

const aQuestion = (given: Partial<TaskQuestion> = {}): TaskQuestion => ({
  model: 'm',
  instance: 'a',
  input: {},
  metadata: {},
  ...given,
});

const always = (expectedMs: number): TaskTimes => ({ of: () => ({ expectedMs, errorMs: 1 }) });
const never: TaskTimes = { of: () => undefined };

describe('a task is predicted', () => {
  it('by what its submission says, before anything else', () => {
    const predictor = new TaskPredictor({ configured: { name: 'external', times: always(5) } });
    expect(predictor.predict(aQuestion({ metadata: { server_time_cost: 100 } }))).toEqual({
      source: 'given',
      prediction: {
        expectedMs: 100,
        errorMs: 5,
        quantiles: { levels: [0.25, 0.5, 0.75, 0.99], values: [75, 100, 125, 150] },
      },
    });
  });

  it.each([['100'], [-1], [Number.NaN], [null]])('not by a server_time_cost of %s', (cost) => {
    const predictor = new TaskPredictor({ configured: { name: 'external', times: always(5) } });
    expect(predictor.predict(aQuestion({ metadata: { server_time_cost: cost } })).source).toBe('external');
  });

  it('by the source of the mode', () => {
    const predictor = new TaskPredictor({
      configured: { name: 'external', times: always(5) },
      table: always(7),
    });
    expect(predictor.predict(aQuestion()).prediction.expectedMs).toBe(5);
    predictor.mode = 'lookup_table';
    expect(predictor.predict(aQuestion())).toMatchObject({ source: 'lookup', prediction: { expectedMs: 7 } });
  });

  it('by what was learnt where that source does not know', () => {
    const predictor = new TaskPredictor({ configured: { name: 'external', times: never } });
    expect(predictor.predict(aQuestion())).toEqual({
      source: 'online',
      prediction: { expectedMs: 1000, errorMs: 1000 },
    });
    predictor.mode = 'lookup_table';
    expect(predictor.predict(aQuestion()).source).toBe('online');
  });

  it('and the prediction is compared with what it took', () => {
    const predictor = new TaskPredictor();
    const foretold = predictor.predict(aQuestion({ metadata: { server_time_cost: 100 } }));
    predictor.learn(aQuestion(), foretold, 80);
    predictor.learn(aQuestion(), foretold, 200);
    expect(predictor.scores()).toEqual([
      { source: 'given', samples: 2, mape: expect.closeTo((20 / 80 + 100 / 200) / 2), withinP80: 0.5 },
    ]);
    expect(predictor.predict(aQuestion()).prediction.expectedMs).toBeLessThan(800);
  });
});

describe('learnt times', () => {
  function taught(rows: readonly (readonly [Partial<TaskQuestion>, number])[]): LearntTimes {
    const times = new LearntTimes();
    for (const [question, tookMs] of rows) times.learn(aQuestion(question), tookMs);
    return times;
  }
  const many = (question: Partial<TaskQuestion>, tookMs: number, count = 60) =>
    Array.from({ length: count }, () => [question, tookMs] as const);

  it('come to what tasks of the model take, and how surely', () => {
    const random = seededRandom(1);
    const times = taught(Array.from({ length: 400 }, () => [{}, 200 + 100 * random.next()] as const));
    const { expectedMs, errorMs } = times.of(aQuestion());
    expect(expectedMs).toBeGreaterThan(225);
    expect(expectedMs).toBeLessThan(275);
    expect(errorMs).toBeGreaterThan(15);
    expect(errorMs).toBeLessThan(70);
  });

  it('tell instances apart, and say of a new one what the others are like', () => {
    const turns = many({}, 0).flatMap((_, i) => [
      [{ instance: 'slow' }, 400 + (i % 3)] as const,
      [{ instance: 'fast' }, 100 + (i % 3)] as const,
    ]);
    const times = taught(turns);
    const on = (instance: string) => times.of(aQuestion({ instance })).expectedMs;
    expect(on('slow') / on('fast')).toBeGreaterThan(3);
    expect(on('new')).toBeGreaterThan(on('fast'));
    expect(on('new')).toBeLessThan(on('slow'));
  });

  it('tell long prompts from short ones', () => {
    const [short, long] = ['hi', 'word '.repeat(5000)].map((content) => ({
      input: { messages: [{ role: 'user', content }] },
    }));
    const times = taught([...many(short!, 50), ...many(long!, 5000), ...many(short!, 50)]);
    expect(times.of(aQuestion(long)).expectedMs).toBeGreaterThan(10 * times.of(aQuestion(short)).expectedMs);
  });

  it('do not take one long task on an instance for its rule', () => {
    const times = taught([...many({ instance: 'a' }, 100), [{ instance: 'b' }, 1000]]);
    expect(times.of(aQuestion({ instance: 'b' })).expectedMs).toBeLessThan(300);
  });

  it('do not forget how slow an instance is while all tasks go to another', () => {
    const turns = many({}, 0, 30).flatMap(() => [[{ instance: 'slow' }, 400] as const, [{}, 100] as const]);
    const times = taught([...turns, ...many({}, 100, 500)]);
    expect(times.of(aQuestion({ instance: 'slow' })).expectedMs).toBeGreaterThan(300);
  });

  it('learn nothing from what is no time', () => {
    const before = new LearntTimes().of(aQuestion());
    expect(
      taught([
        [{}, 0],
        [{}, Number.NaN],
        [{}, Number.POSITIVE_INFINITY],
        [{}, -5],
      ]).of(aQuestion()),
    ).toEqual(before);
  });

  it('are always times, whatever was learnt', () => {
    const anyTime = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
    const anyStep = fc.record({
      model: fc.constantFrom('m', 'n'),
      instance: fc.constantFrom('a', 'b'),
      tookMs: anyTime,
    });
    fc.assert(
      fc.property(fc.array(anyStep), (steps) => {
        const times = taught(steps.map(({ tookMs, ...question }) => [question, tookMs] as const));
        const { expectedMs, errorMs } = times.of(aQuestion());
        expect(expectedMs).toBeGreaterThan(0);
        expect(Number.isFinite(expectedMs) && errorMs >= 0).toBe(true);
      }),
    );
  });
});

describe("a task's shape", () => {
  it('is that of its prompt, wherever the text is, and of what it may generate', () => {
    const text = 'x'.repeat(100);
    const shapes = [
      { prompt: text },
      { prompt: [text.slice(50), text.slice(50)] },
      { messages: [{ role: 'user', content: text }] },
      { messages: [{ role: 'user', content: [{ type: 'text', text }] }] },
      { input: text },
    ].map(shapeOf);
    expect(new Set(shapes)).toEqual(new Set(['7/0']));
    expect(shapeOf({ prompt: text, max_tokens: 200 })).toBe('7/8');
    expect(shapeOf({ anything: 'else' })).toBe('0/0');
  });

  it('of a body nested beyond all reason does no harm', () => {
    let content: unknown = 'x';
    for (let i = 0; i < 100_000; i++) content = [content];
    expect(shapeOf({ prompt: content })).toBe('1/0');
  });
});

describe('scores', () => {
  it('take the 80 % quantile from the distribution where there is one', () => {
    const scores = new PredictionScores();
    const quantiles = { levels: [0.5, 0.9], values: [100, 140] };
    scores.add('lookup', { expectedMs: 100, errorMs: 0, quantiles }, 129);
    scores.add('lookup', { expectedMs: 100, errorMs: 0, quantiles }, 131);
    scores.add('lookup', { expectedMs: 100, errorMs: 0, quantiles }, 0);
    expect(scores.read()).toMatchObject([{ samples: 2, withinP80: 0.5 }]);
  });
});
