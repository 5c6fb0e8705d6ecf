import { describe, expect, it } from 'vitest';
import { parseReplayOptions, type RawReplayOptions } from './options.ts';

const raw = (given: Partial<RawReplayOptions> = {}): RawReplayOptions => ({
  trace: 'a.csv',
  target: 'http://127.0.0.1:8080',
  ...given,
});

describe('parseReplayOptions', () => {
  it('fills in what was not said: all of the trace, at its speed, as an open loop', () => {
    expect(parseReplayOptions(raw())).toEqual({
      trace: 'a.csv',
      target: { origin: 'http://127.0.0.1:8080', basePath: '' },
      format: undefined,
      keepEqualStamps: false,
      blockTokens: undefined,
      maxBrokenShare: 0.01,
      speed: 1,
      limit: Number.POSITIVE_INFINITY,
      offset: 0,
      concurrency: Number.POSITIVE_INFINITY,
      model: undefined,
      checkModel: true,
      endpoint: 'chat',
      maxTokensCap: Number.POSITIVE_INFINITY,
      promptTokensCap: Number.POSITIVE_INFINITY,
      ignoreEos: true,
      seed: expect.any(Number),
      apiKey: undefined,
      headers: {},
      timeoutMs: 600_000,
      slo: { ttftMs: 2000, tpotMs: 100 },
      jsonFile: undefined,
    });
  });

  it('takes everything that was said', () => {
    const said = {
      format: 'vtc',
      raw: true,
      blockTokens: '16',
      maxBroken: '5%',
      speed: '2.5',
      limit: '10',
      offset: '3',
      concurrency: '4',
      model: 'm',
      modelCheck: false,
      endpoint: 'completions',
      maxTokensCap: '100',
      promptTokensCap: '200',
      ignoreEos: false,
      seed: '7',
      apiKey: 'k',
      header: ['X-Tenant: blue', 'x-empty:'],
      timeout: '5s',
      slo: 'e2e=1s',
      json: 'out.json',
    };
    expect(parseReplayOptions(raw(said))).toEqual({
      trace: 'a.csv',
      target: { origin: 'http://127.0.0.1:8080', basePath: '' },
      format: 'vtc',
      keepEqualStamps: true,
      blockTokens: 16,
      maxBrokenShare: 0.05,
      speed: 2.5,
      limit: 10,
      offset: 3,
      concurrency: 4,
      model: 'm',
      checkModel: false,
      endpoint: 'completions',
      maxTokensCap: 100,
      promptTokensCap: 200,
      ignoreEos: false,
      seed: 7,
      apiKey: 'k',
      headers: { 'x-tenant': 'blue', 'x-empty': '' },
      timeoutMs: 5000,
      slo: { e2eMs: 1000 },
      jsonFile: 'out.json',
    });
  });

  it('draws a seed where none is given, so that caches of the run before do not count', () => {
    const seeds = new Set(Array.from({ length: 20 }, () => parseReplayOptions(raw()).seed));
    expect(seeds.size).toBeGreaterThan(15);
    for (const seed of seeds) expect(parseReplayOptions(raw({ seed: String(seed) })).seed).toBe(seed);
  });

  it('takes the key from the environment unless one is given', () => {
    const env = { SIGNALBOX_API_KEY: 'from-env' };
    expect(parseReplayOptions(raw(), env).apiKey).toBe('from-env');
    expect(parseReplayOptions(raw({ apiKey: 'given' }), env).apiKey).toBe('given');
  });

  it.each([
    [{ format: 'pcap' }, '--format is "pcap": give one of azure, mooncake, burstgpt, vtc'],
    [{ endpoint: 'embeddings' }, '--endpoint is "embeddings": give one of chat, completions'],
    [{ speed: '0' }, '--speed is "0": give a number above zero'],
    [{ limit: '0' }, '--limit is "0": give a whole number of at least 1'],
    [{ offset: '-1' }, '--offset is "-1": give a whole number of at least 0'],
    [{ concurrency: 'many' }, '--concurrency is "many": give a whole number of at least 1'],
    [{ timeout: '5' }, '--timeout is "5": give a duration'],
    [{ target: 'localhost:8080' }, '--target is "localhost:8080": give a URL like http://127.0.0.1:8080'],
    [{ target: 'ftp://host' }, '--target is "ftp://host": give a URL'],
    [{ header: ['nonsense'] }, '--header is "nonsense": give it like "x-name: value"'],
    [{ header: ['x-a: b\r\nx-c: d'] }, 'give it like "x-name: value"'],
  ])('refuses %j', (given, message) => {
    expect(() => parseReplayOptions(raw(given))).toThrow(message);
  });
});

describe('--target', () => {
  it.each([
    ['http://h:1', 'http://h:1', ''],
    ['http://h:1/', 'http://h:1', ''],
    ['http://h:1/v1', 'http://h:1', ''],
    ['https://h/llm/v1/', 'https://h', '/llm'],
    ['https://h/llm', 'https://h', '/llm'],
  ])('takes %s with or without /v1', (target, origin, basePath) => {
    expect(parseReplayOptions(raw({ target })).target).toEqual({ origin, basePath });
  });
});
