import { describe, expect, it } from 'vitest';
import { type FoundEngine, instanceIdForUrl, instanceOf, settingsForUrl } from './instance-settings.ts';

const FOUND: FoundEngine = { kind: 'vllm', models: ['m'], adapters: ['lora'], evidence: [] };

describe('instanceOf', () => {
  it('joins what is configured with what was found', () => {
    const settings = { id: 'a', url: 'http://h:8000/v1/', gpuType: 'H100', labels: { zone: 'eu' } };
    expect(instanceOf(settings, FOUND)).toMatchObject({
      id: 'a',
      url: 'http://h:8000',
      engine: 'vllm',
      models: ['m'],
      adapters: ['lora'],
      gpuType: 'H100',
      labels: { zone: 'eu' },
      maxConcurrency: 256,
    });
  });

  it('believes the configuration before the engine, and adds adapters to adapters', () => {
    const settings = {
      id: 'a',
      url: 'http://h',
      engine: 'sglang',
      models: ['mine'],
      adapters: ['x', 'lora'],
    } as const;
    expect(instanceOf(settings, FOUND)).toMatchObject({
      engine: 'sglang',
      models: ['mine'],
      adapters: ['x', 'lora'],
    });
  });

  it('takes the longest context from the configuration, else from the engine, else leaves it open', () => {
    const settings = { id: 'a', url: 'http://h' };
    const found = { ...FOUND, maxContextTokens: 8_192 };
    expect(instanceOf(settings, found)?.maxContextTokens).toBe(8_192);
    expect(instanceOf({ ...settings, maxContextTokens: 4_096 }, found)?.maxContextTokens).toBe(4_096);
    expect(instanceOf(settings, FOUND)).not.toHaveProperty('maxContextTokens');
  });

  it('is not there before engine and models are known', () => {
    const settings = { id: 'a', url: 'http://h' };
    expect(instanceOf(settings, undefined)).toBeUndefined();
    expect(instanceOf({ ...settings, models: ['m'] }, undefined)).toBeUndefined();
    expect(instanceOf({ ...settings, engine: 'vllm' }, undefined)).toBeUndefined();
    expect(instanceOf(settings, { kind: 'vllm', evidence: [] })).toBeUndefined();
    expect(instanceOf({ ...settings, engine: 'vllm', models: ['m'] }, undefined)).toBeDefined();
    expect(instanceOf({ ...settings, models: ['m'] }, { kind: 'vllm', evidence: [] })).toBeDefined();
  });

  it('carries no secrets and no settings of the watch', () => {
    const settings = { id: 'a', url: 'http://h', apiKey: 'secret', tls: {}, scrape: {}, health: {} };
    const instance = instanceOf(settings, FOUND);
    expect(JSON.stringify(instance)).not.toContain('secret');
    for (const field of ['apiKey', 'tls', 'scrape', 'health']) expect(instance).not.toHaveProperty(field);
  });

  it.each([
    [undefined, undefined, 1],
    [{ tensor: 4, pipeline: 2, data: 2, expert: 8 }, undefined, 16],
    [{ tensor: 4, pipeline: 1, data: 1, expert: 1 }, 8, 8],
  ])('with sizes %j and %s GPUs configured has %i GPUs', (parallel, gpuCount, expected) => {
    const settings = {
      id: 'a',
      url: 'http://h',
      ...(parallel && { parallel }),
      ...(gpuCount && { gpuCount }),
    };
    expect(instanceOf(settings, FOUND)?.gpuCount).toBe(expected);
  });
});

describe('settingsForUrl', () => {
  it.each([
    ['http://10.0.0.5:8000', '10.0.0.5:8000'],
    ['http://localhost:11434/v1', 'localhost:11434'],
    ['https://gpu.example.org/llama/', 'gpu.example.org/llama'],
    ['https://user:pass@gpu.example.org', 'gpu.example.org'],
    ['http://[::1]:8000', '[::1]:8000'],
  ])('%s is called %s', (url, id) => {
    expect(settingsForUrl(url).id).toBe(id);
    expect(instanceIdForUrl(url)).toBe(id);
  });

  it('refuses what is no address', () => {
    expect(() => settingsForUrl('localhost:8000')).toThrow('is not an address of an engine');
  });
});
