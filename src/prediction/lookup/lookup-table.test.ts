import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import { placeOf } from '../instance-class.ts';
import { LookupTable } from './lookup-table.ts';
import type { LookupRecord } from './records.ts';

const aRecord = (fields: Partial<LookupRecord> = {}): LookupRecord => ({
  isSuccess: true,
  modelType: 'm',
  quantiles: { levels: [0.5], values: [100] },
  ...fields,
});
const SHAPE = { uncachedTokens: 300, cachedTokens: 100, outputTokens: 50, batchSize: 1 };
const h100 = placeOf(anInstance('a', { gpuType: 'H100', engine: 'vllm' }), 'm');
const meanAt = (records: LookupRecord[], place = h100, shape = SHAPE) =>
  new LookupTable(records).of(shape, place)?.mean;

describe('a record', () => {
  it.each<[string, Partial<LookupRecord>, number | undefined]>([
    ['of the model', {}, 100],
    ['of the type that it was measured with', { modelType: 'x', info: { type: 'm' } }, 100],
    ['of another model', { modelType: 'x' }, undefined],
    ['on this hardware', { info: { hardware: 'H100' } }, 100],
    ['on other hardware', { info: { hardware: 'A100' } }, undefined],
    ['on another engine', { info: { software_name: 'sglang' } }, undefined],
    ['of a version, where the instance does not say its own', { info: { software_version: '0.9' } }, 100],
    ['that failed', { isSuccess: false }, undefined],
  ])('%s', (_, fields, mean) => {
    expect(meanAt([aRecord(fields)])).toBe(mean);
  });

  it('is for what an instance says by its labels, rather than by its facts', () => {
    const labels = { hardware: 'TX', model_type: 'llm' };
    const place = placeOf(anInstance('a', { gpuType: 'H100', labels }), 'm');
    expect(meanAt([aRecord({ modelType: 'llm', info: { hardware: 'TX' } })], place)).toBe(100);
    expect(meanAt([aRecord({ info: { hardware: 'H100' } })], place)).toBeUndefined();
  });
});

describe('of several records', () => {
  it('all count the same, and their distance widens the spread', () => {
    const table = new LookupTable([aRecord({ expect: 100, error: 0 }), aRecord({ expect: 300, error: 0 })]);
    expect(table.of(SHAPE, h100)).toEqual({ mean: 200, standardDeviation: 100 });
  });

  it.each([
    [400, 20],
    [401, 30],
    [100, 10],
    [9000, 30],
  ])('for a prompt of %d tokens the smallest length that is enough counts', (promptTokens, mean) => {
    const records = [
      [1000, 30],
      [200, 10],
      [400, 20],
    ].map(([inputTokens, ms]) => aRecord({ inputTokens: inputTokens!, expect: ms! }));
    const shape = { ...SHAPE, uncachedTokens: promptTokens, cachedTokens: 0 };
    expect(meanAt([...records, aRecord({ expect: 7 })], h100, shape)).toBe(mean);
  });

  it('one may be drawn by chance', () => {
    const records = [aRecord({ expect: 1 }), aRecord({ modelType: 'x' }), aRecord({ expect: 2 })];
    const table = new LookupTable(records);
    expect(table.draw('m', {}, { next: () => 0.49 })).toBe(records[0]);
    expect(table.draw('m', {}, { next: () => 0.5 })).toBe(records[2]);
    expect(table.draw('y', {}, { next: () => 0 })).toBeUndefined();
  });
});

it('counts what it holds', () => {
  const records = [aRecord(), aRecord({ isSuccess: false, info: { type: 'a' } })];
  expect(new LookupTable(records).statistics()).toEqual({
    total_records: 2,
    successful_records: 1,
    model_types: ['a', 'm'],
  });
});
