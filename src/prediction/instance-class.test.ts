import { describe, expect, it } from 'vitest';
import { anInstance } from '../../test/builders.ts';
import { instanceClassOf, placeOf } from './instance-class.ts';

const parallel = { tensor: 4, pipeline: 1, data: 1, expert: 1 };
const base = { engine: 'vllm', gpuType: 'H100', gpuCount: 4, parallel } as const;

describe('the class of an instance', () => {
  it('is the same for instances that differ only in what does not matter', () => {
    const a = anInstance('a', { ...base, labels: { zone: 'x' }, weight: 2 });
    const b = anInstance('b', { ...base, gpuType: ' h100 ' });
    expect(instanceClassOf(a)).toBe(instanceClassOf(b));
  });

  it.each([
    ['engine', { engine: 'sglang' }],
    ['accelerator', { gpuType: 'A100' }],
    ['number of accelerators', { gpuCount: 8 }],
    ['parallel sizes', { parallel: { ...parallel, tensor: 2, pipeline: 2 } }],
  ] as const)('differs with the %s', (_, fields) => {
    expect(instanceClassOf(anInstance('b', { ...base, ...fields }))).not.toBe(
      instanceClassOf(anInstance('a', base)),
    );
  });

  it('can be told where little is known', () => {
    expect(instanceClassOf(anInstance('a'))).toBe('openai/unknownx1/tp1pp1dp1ep1');
  });
});

describe('a place', () => {
  const instance = anInstance('a', { models: ['base', 'other'], adapters: ['lora'] });

  it.each([
    ['base', 'base'],
    ['other', 'other'],
    ['lora', 'base'],
    ['nobody serves this', 'nobody serves this'],
  ])('for %s has the model %s', (asked, computes) => {
    expect(placeOf(instance, asked).model).toBe(computes);
  });

  it('for an adapter of an instance that names no model is of the adapter', () => {
    expect(placeOf(anInstance('a', { models: [], adapters: ['lora'] }), 'lora').model).toBe('lora');
  });
});
