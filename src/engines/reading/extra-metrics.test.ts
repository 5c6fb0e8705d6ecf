import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENGINE_ADAPTERS } from '../adapters/index.ts';
import { checkExtraNames, hasExtraNames, parseMetricSelector, withExtraNames } from './extra-metrics.ts';
import { createMetricsReader } from './metrics-reader.ts';

describe('parseMetricSelector', () => {
  it.each([
    ['up', { name: 'up' }],
    [' vllm:num_requests_waiting ', { name: 'vllm:num_requests_waiting' }],
    ['m{}', { name: 'm' }],
    ['m{request_type=waiting}', { name: 'm', labels: { request_type: 'waiting' } }],
    ['m{a="x", b = y }', { name: 'm', labels: { a: 'x', b: 'y' } }],
  ])('reads %j', (text, selector) => {
    expect(parseMetricSelector(text)).toEqual(selector);
  });

  it.each(['', ' ', '9m', 'a b', 'm{', 'm{a}', 'm{=x}', 'm{a=x', 'm}a=x{', 'm{a=x,}'])(
    'refuses %j',
    (text) => {
      expect(() => parseMetricSelector(text)).toThrow(`"${text}" is no metric name`);
    },
  );
});

describe('withExtraNames', () => {
  const sample = readFileSync(
    new URL('../../../test/vectors/f5-metrics-samples/mindie-percent.txt', import.meta.url),
  );
  const mindie = {
    waitingRequests: ['num_requests_waiting'],
    runningRequests: ['num_requests_running'],
    kvCacheUsage: ['npu_cache_usage_perc'],
  };
  const readAs = (extra: Parameters<typeof withExtraNames>[1], page: string | Uint8Array) =>
    createMetricsReader(withExtraNames(ENGINE_ADAPTERS.vllm.metrics, extra))(page);

  it('reads a variant that counts in percent', () => {
    const reading = readAs({ ...mindie, shareUnit: 'percent' }, sample);
    expect(reading).toEqual({ waitingRequests: 10, runningRequests: 20, kvCacheUsage: 0.3 });
  });

  it('does not take 30 for a fraction', () => {
    expect(readAs(mindie, sample)).toEqual({ waitingRequests: 10, runningRequests: 20 });
  });

  it('tries the added names before the engine’s own, and the own when the added are not there', () => {
    const page = 'vllm:num_requests_waiting 1\nmine 2\nother 3\n';
    expect(readAs({ waitingRequests: ['mine'] }, page).waitingRequests).toBe(2);
    expect(readAs({ waitingRequests: ['absent', 'other'] }, page).waitingRequests).toBe(3);
    expect(readAs({ waitingRequests: ['absent'] }, page).waitingRequests).toBe(1);
  });

  it('adds names for the cache’s size and its hit rate too', () => {
    const extra = { kvCacheTokens: ['cache_tokens'], prefixCacheHitRate: ['hits{tier=gpu}'] };
    expect(readAs(extra, 'cache_tokens 4096\nhits{tier="cpu"} 0.9\nhits{tier="gpu"} 0.4\n')).toEqual({
      kvCacheTokens: 4096,
      prefixCacheHitRate: 0.4,
    });
  });

  it('leaves the engine’s own names alone', () => {
    expect(withExtraNames(ENGINE_ADAPTERS.tgi.metrics, {})).toEqual(ENGINE_ADAPTERS.tgi.metrics);
  });
});

describe('hasExtraNames', () => {
  it('knows whether there is a name at all', () => {
    expect(hasExtraNames({})).toBe(false);
    expect(hasExtraNames({ shareUnit: 'percent' })).toBe(false);
    expect(hasExtraNames({ waitingRequests: [] })).toBe(false);
    expect(hasExtraNames({ kvCacheTokens: ['x'] })).toBe(true);
  });
});

describe('checkExtraNames', () => {
  it('takes what can be used', () => {
    expect(() => checkExtraNames({ waitingRequests: ['a', 'b{c=d}'], shareUnit: 'percent' })).not.toThrow();
    expect(() => checkExtraNames({})).not.toThrow();
  });

  it('names what cannot', () => {
    expect(() => checkExtraNames({ waitingRequests: ['a'], kvCacheUsage: ['b', 'c d'] })).toThrow('"c d"');
  });
});
