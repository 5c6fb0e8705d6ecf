import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGINE_KINDS, type EngineKind } from '../../domain/index.ts';
import { metricsFixture } from '../__fixtures__/page-server.ts';
import type { EngineReading } from '../adapter.ts';
import { ENGINE_ADAPTERS } from '../adapters/index.ts';
import { createMetricsReader, isEmptyReading, mergeReadings } from './metrics-reader.ts';

function readAs(kind: EngineKind, page: string | Uint8Array): EngineReading {
  return createMetricsReader(ENGINE_ADAPTERS[kind].metrics)(page);
}

describe('what each engine’s page says', () => {
  it.each<[EngineKind, string, EngineReading]>([
    [
      'vllm',
      'vllm-v1',
      {
        waitingRequests: 4,
        runningRequests: 23,
        kvCacheUsage: 0.4371,
        kvCacheTokens: 445_888,
        loadedAdapters: ['sql-lora', 'chat-lora'],
        prefixCacheHitRate: 0.25,
      },
    ],
    [
      'vllm',
      'vllm-v0',
      {
        waitingRequests: 0,
        runningRequests: 8,
        kvCacheUsage: 0.8125,
        kvCacheTokens: 40_000,
        prefixCacheHitRate: 0.25,
      },
    ],
    [
      'vllm',
      'vllm-data-parallel',
      { waitingRequests: 5, runningRequests: 24, kvCacheUsage: 0.375, kvCacheTokens: 256_000 },
    ],
    [
      'sglang',
      'sglang',
      {
        waitingRequests: 2826,
        runningRequests: 161,
        kvCacheUsage: 0.28,
        kvCacheTokens: 442_352,
        prefixCacheHitRate: 0.0075,
      },
    ],
    ['sglang', 'sglang-ranks', { waitingRequests: 6, runningRequests: 20, kvCacheUsage: 0.2 }],
    ['llamacpp', 'llamacpp', { waitingRequests: 2, runningRequests: 3 }],
    ['llamacpp', 'llamacpp-2024', { waitingRequests: 0, runningRequests: 1, kvCacheUsage: 0.125 }],
    ['tgi', 'tgi', { waitingRequests: 7, runningRequests: 32 }],
    [
      'tensorrt-llm',
      'trtllm-serve',
      {
        waitingRequests: 3,
        runningRequests: 12,
        kvCacheUsage: 0.62,
        kvCacheTokens: 262_144,
        prefixCacheHitRate: 0.4,
      },
    ],
    [
      'tensorrt-llm',
      'triton',
      { waitingRequests: 6, runningRequests: 9, kvCacheUsage: 0.3, kvCacheTokens: 399_296 },
    ],
    ['tensorrt-llm', 'triton-2024', { runningRequests: 9, kvCacheUsage: 0.25, kvCacheTokens: 384_000 }],
  ])('%s, page %s', (kind, page, expected) => {
    expect(readAs(kind, metricsFixture(page))).toEqual(expected);
  });

  it('an endpoint that is only OpenAI-compatible says nothing', () => {
    expect(readAs('openai', metricsFixture('vllm-v1'))).toEqual({});
  });

  it.each(ENGINE_KINDS.filter((kind) => kind !== 'openai'))(
    '%s reads nothing from the page of another',
    (kind) => {
      const foreign = {
        vllm: 'sglang',
        sglang: 'vllm-v1',
        llamacpp: 'tgi',
        tgi: 'llamacpp',
        'tensorrt-llm': 'tgi',
      };
      expect(readAs(kind, metricsFixture(foreign[kind as keyof typeof foreign]))).toEqual({});
    },
  );
});

describe('pages of pools that mix versions and ranks', () => {
  const sample = (name: string) =>
    readFileSync(new URL(`../../../test/vectors/f5-metrics-samples/${name}.txt`, import.meta.url));

  it.each<[string, EngineKind, EngineReading]>([
    ['vllm-two-names-at-once', 'vllm', { waitingRequests: 1, runningRequests: 2, kvCacheUsage: 0.9 }],
    ['vllm-three-models', 'vllm', { waitingRequests: 2, runningRequests: 13, kvCacheUsage: 0.2 }],
    ['vllm-missing-cache', 'vllm', { waitingRequests: 2, runningRequests: 6 }],
    ['vllm-no-labels', 'vllm', { waitingRequests: 2, runningRequests: 3, kvCacheUsage: 0.5 }],
    ['vllm-openmetrics-exemplar', 'vllm', { waitingRequests: 2, runningRequests: 6, kvCacheUsage: 0.5 }],
    ['vllm-plus-sign-and-bad-number', 'vllm', { waitingRequests: 4, runningRequests: 3 }],
    ['vllm-special-values', 'vllm', {}],
    [
      'sglang-tensor-parallel-ranks',
      'sglang',
      { waitingRequests: 5, runningRequests: 14, kvCacheUsage: 0.30000000000000004 },
    ],
    ['sglang-under-vllm-pool', 'vllm', {}],
    ['html-error-page', 'vllm', {}],
    ['empty', 'vllm', {}],
  ])('%s read as %s', (name, kind, expected) => {
    const { kvCacheUsage, ...rest } = readAs(kind, sample(name));
    const { kvCacheUsage: expectedUsage, ...expectedRest } = expected;
    expect(rest).toEqual(expectedRest);
    if (expectedUsage === undefined) expect(kvCacheUsage).toBeUndefined();
    else expect(kvCacheUsage).toBeCloseTo(expectedUsage, 12);
  });
});

describe('any page', () => {
  const pages = readdirSync(new URL('../__fixtures__/metrics/', import.meta.url)).map((file) =>
    metricsFixture(file.replace('.prom', '')),
  );

  it('yields shares between 0 and 1, counts that are not negative, and nothing infinite', () => {
    const number = fc
      .oneof(fc.double(), fc.integer())
      .map((value) => String(value).replace('Infinity', 'Inf'));
    const kinds = fc.constantFrom(...ENGINE_KINDS);
    fc.assert(
      fc.property(fc.constantFrom(...pages), kinds, fc.infiniteStream(number), (page, kind, numbers) => {
        const garbled = page.replace(/ \S+$/gm, () => ` ${numbers.next().value}`);
        const { loadedAdapters: _, ...figures } = readAs(kind, garbled);
        for (const [name, value] of Object.entries(figures)) {
          expect(Number.isFinite(value), name).toBe(true);
          expect(value, name).toBeGreaterThanOrEqual(0);
          if (name === 'kvCacheUsage' || name === 'prefixCacheHitRate') expect(value).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('mergeReadings', () => {
  it('prefers the first where both have a figure', () => {
    const merged = mergeReadings({ runningRequests: 1 }, { runningRequests: 9, kvCacheUsage: 0.5 });
    expect(merged).toEqual({ runningRequests: 1, kvCacheUsage: 0.5 });
  });

  it('knows an empty reading', () => {
    expect(isEmptyReading(mergeReadings({}, {}))).toBe(true);
    expect(isEmptyReading({ waitingRequests: 0 })).toBe(false);
  });
});
