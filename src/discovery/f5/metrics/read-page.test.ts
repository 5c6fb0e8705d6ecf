import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MetricVariant } from '../config/scheduler-file.ts';
import { candidatesFor } from './candidates.ts';
import { createPageReader, type PageMemory } from './read-page.ts';

const SAMPLES = new URL('../../../../test/vectors/f5-metrics-samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(`${name}.txt`, SAMPLES));
const NEW: PageMemory = { workingKeys: {}, detectedVariant: null };

const variant = (name: string, keys: MetricVariant['keys'], isCacheInPercent = false): MetricVariant => ({
  name,
  keys,
  isCacheInPercent,
});

function read(
  page: string | Uint8Array,
  variants: MetricVariant[] = [],
  memory = NEW,
  engine: 'vllm' | 'sglang' = 'vllm',
) {
  return createPageReader(engine, candidatesFor(engine, variants))(page, memory);
}

describe('the names of a metric', () => {
  it('are those of the variants in their order, then the built-in ones, each once', () => {
    const { cache_usage } = candidatesFor('vllm', [
      variant('VLLM_a', { cache_usage: 'a' }),
      variant('sglang_x', { cache_usage: 'x' }),
      variant('vllm_b', { cache_usage: 'vllm:gpu_cache_usage_perc' }),
      variant('vllm_c', { cache_usage: 'a' }),
    ]);
    expect(cache_usage.map((candidate) => [candidate.key, candidate.variant])).toEqual([
      ['a', 'VLLM_a'],
      ['vllm:gpu_cache_usage_perc', 'vllm_b'],
      ['vllm:kv_cache_usage_perc', 'vllm'],
    ]);
  });
});

describe("a member's page", () => {
  const waiting = 'vllm:num_requests_waiting';
  const page = (cache: string) => `${waiting}{m="x"} 1\n${cache}{m="x"} 0.25\n`;

  it('is read under the new name of the cache metric, too (fault 1 of the existing scheduler)', () => {
    const { metrics, memory } = read(sample('vllm-v1-kv-cache-name'));
    expect(metrics).toEqual({ waiting_queue: 0, cache_usage: 0.0625, running_req: 12 });
    expect(memory.detectedVariant).toBe('vllm');
  });

  it.each([
    ['vllm-no-labels', { waiting_queue: 2, cache_usage: 0.5, running_req: 3 }],
    ['vllm-with-timestamps', { waiting_queue: 2, cache_usage: 0.5, running_req: 3 }],
    ['vllm-openmetrics-exemplar', { waiting_queue: 2, cache_usage: 0.5, running_req: 6 }],
    ['vllm-plus-sign-and-bad-number', { waiting_queue: 4, running_req: 3 }],
    ['vllm-space-before-braces', { waiting_queue: 2, cache_usage: 0.5, running_req: 6 }],
  ])('%s is read as the format says (fault 9)', (name, expected) => {
    expect(read(sample(name)).metrics).toEqual(expected);
  });

  it('gives the mean over all its series', () => {
    expect(read(sample('vllm-data-parallel-four-engines')).metrics).toEqual({
      waiting_queue: 1.25,
      cache_usage: 0.34375,
      running_req: 6,
    });
  });

  it('says nothing by what is not finite', () => {
    expect(read(sample('vllm-special-values')).metrics).toEqual({ cache_usage: -0.25 });
    expect(read('').metrics).toEqual({});
  });

  it.each([
    [
      [
        variant('vllm_mindie', {
          waiting_queue: 'num_requests_waiting',
          cache_usage: 'npu_cache_usage_perc',
        }),
      ],
      0.3,
    ],
    [[variant('vllm_other', { cache_usage: 'npu_cache_usage_perc' })], 0.3],
  ])('is in percent where MindIE says so (fault 10)', (variants, expected) => {
    expect(read(sample('mindie-percent'), variants).metrics.cache_usage).toBe(expected);
  });

  it('is in percent where the file says so', () => {
    const inPercent = [variant('vllm_x', { cache_usage: 'x', waiting_queue: 'y' }, true)];
    expect(read('x 40\ny 40\n', inPercent).metrics).toEqual({ cache_usage: 0.4, waiting_queue: 40 });
  });

  it('keeps to the name that worked as long as it does', () => {
    const variants = [variant('vllm_a', { cache_usage: 'vllm:kv_cache_usage_perc' })];
    const memory = read(page('vllm:gpu_cache_usage_perc'), variants).memory;
    expect(memory.workingKeys.cache_usage).toBe('vllm:gpu_cache_usage_perc');
    const both = `${page('vllm:gpu_cache_usage_perc')}vllm:kv_cache_usage_perc{m="x"} 0.75\n`;
    expect(read(both, variants, memory).metrics.cache_usage).toBe(0.25);
    const changed = read(page('vllm:kv_cache_usage_perc'), variants, memory);
    expect(changed.memory).toMatchObject({
      workingKeys: { cache_usage: 'vllm:kv_cache_usage_perc' },
      detectedVariant: 'vllm_a',
    });
  });

  it('keeps to one that is no longer configured, and calls that unknown', () => {
    const memory = { workingKeys: { cache_usage: 'old' }, detectedVariant: 'vllm_old' };
    const { metrics, memory: after } = read('old 0.5\n', [], memory);
    expect([metrics.cache_usage, after.detectedVariant]).toEqual([0.5, 'unknown']);
  });

  it('shows a variant only by a name of its own, and the first configured of several (fault 8)', () => {
    const first = variant('vllm_first', { waiting_queue: waiting, running_req: 'first' });
    const second = variant('vllm_second', { cache_usage: 'second' });
    expect(read(page('vllm:gpu_cache_usage_perc'), [first, second]).memory.detectedVariant).toBe('vllm');
    expect(read(page('second'), [first, second]).memory.detectedVariant).toBe('vllm_second');
  });

  it('leaves the variant as it was when nothing is found', () => {
    const memory = { workingKeys: { cache_usage: 'x' }, detectedVariant: 'vllm_a' };
    expect(read('', [], memory).memory).toEqual({ workingKeys: {}, detectedVariant: 'vllm_a' });
  });
});
