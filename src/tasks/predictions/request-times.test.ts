import { describe, expect, it } from 'vitest';
import { type ExecutionTimes, LookupTable, parseLookupTable } from '../../prediction/index.ts';
import { requestTimes } from './request-times.ts';
import type { TaskQuestion } from './task-times.ts';

const aQuestion = (given: Partial<TaskQuestion> = {}): TaskQuestion => ({
  model: 'm',
  instance: 'a',
  input: {},
  metadata: {},
  ...given,
});

const record = (hardware: string, expectedMs: number) => ({
  status: 'success',
  model_type: 'm',
  model_info: { type: 'm', name: 'm', hardware, software_name: 's', software_version: '1' },
  quantiles: [0.25, 0.5, 0.75],
  quantile_predictions: [expectedMs - 1, expectedMs, expectedMs + 1],
  expect: expectedMs,
  error: 5,
});

const table = new LookupTable(
  parseLookupTable(JSON.stringify([record('A100', 200), record('H100', 100)]), 'json'),
);
const on = (hardware: string) => ({ hardware, software_name: 's', software_version: '1' });

describe('a task on a table of requests', () => {
  it('has the times of where it says that it runs', () => {
    const times = requestTimes(table);
    expect(times.of(aQuestion({ metadata: on('H100') }))).toEqual({ expectedMs: 100, errorMs: 5 });
    expect(times.of(aQuestion({ metadata: on('A100') }))).toEqual({ expectedMs: 200, errorMs: 5 });
  });

  it('has the times of where the instance is, whatever it says', () => {
    const times = requestTimes(table, (instance) => on(instance === 'fast' ? 'H100' : 'A100'));
    const expected = ['fast', 'slow'].map(
      (instance) => times.of(aQuestion({ instance, metadata: { hardware: 'H100' } }))?.expectedMs,
    );
    expect(expected).toEqual([100, 200]);
  });

  it('has the times of all places together where nothing is said of it', () => {
    const { expectedMs, errorMs } = requestTimes(table).of(aQuestion())!;
    expect(expectedMs).toBe(150);
    expect(errorMs).toBeGreaterThan(50);
  });

  it('has none where the table has none', () => {
    expect(requestTimes(table).of(aQuestion({ metadata: on('L4') }))).toBeUndefined();
    expect(requestTimes(table).of(aQuestion({ model: 'n', metadata: on('H100') }))).toBeUndefined();
  });
});

describe('a task as a request', () => {
  const shapes: unknown[] = [];
  const places = new Set<unknown>();
  const noting: ExecutionTimes = {
    of: (shape, place) => {
      shapes.push(shape);
      places.add(place);
      return undefined;
    },
  };

  it('is as long as its metadata say, else as its input looks; alike tasks share a place', () => {
    const times = requestTimes(noting);
    times.of(aQuestion({ metadata: { input_tokens: 7, output_tokens: 3, batch_size: 2 } }));
    times.of(aQuestion({ input: { prompt: 'x'.repeat(41), max_tokens: 9 } }));
    times.of(aQuestion({ metadata: { input_tokens: '7', output_tokens: -1 } }));
    expect(shapes).toEqual([
      { uncachedTokens: 7, cachedTokens: 0, outputTokens: 3, batchSize: 2 },
      { uncachedTokens: 11, cachedTokens: 0, outputTokens: 9, batchSize: 1 },
      { uncachedTokens: 0, cachedTokens: 0, outputTokens: 256, batchSize: 1 },
    ]);
    expect(places.size).toBe(1);
  });
});
