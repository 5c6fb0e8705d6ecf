import { describe, expect, it } from 'vitest';
import type { InstanceConfig, RemoteInstanceConfig } from './config.ts';
import { type ParseOptions, parseConfig } from './parse-config.ts';

function instancesOf(source: string, options?: ParseOptions): readonly InstanceConfig[] {
  const result = parseConfig(source, options);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.config.instances;
}

function remoteOf(fields: string, rest = '', options?: ParseOptions): RemoteInstanceConfig {
  const [instance] = instancesOf(`instances:\n  - {${fields}}\n${rest}`, options);
  if (instance?.kind !== 'remote') throw new Error('not a remote instance');
  return instance;
}

describe('an engine at an address', () => {
  it('needs nothing but its address', () => {
    expect(remoteOf('url: "http://10.0.0.5:8000"')).toEqual({
      kind: 'remote',
      id: '10.0.0.5:8000',
      url: 'http://10.0.0.5:8000',
      engine: 'auto',
      models: [],
      discoversModels: true,
      adapters: [],
      role: 'both',
      parallel: { tensor: 1, pipeline: 1, data: 1, expert: 1 },
      gpuCount: 1,
      maxConcurrency: 256,
      maxPrefillTokens: Number.POSITIVE_INFINITY,
      weight: 1,
      labels: {},
      health: {
        enabled: true,
        intervalMs: 5_000,
        startIntervalMs: 500,
        timeoutMs: 2_000,
        unhealthyAfter: 2,
        healthyAfter: 1,
      },
      scrape: {
        enabled: true,
        intervalMs: 1_000,
        jitterShare: 0.1,
        timeoutMs: 1_000,
        staleAfterIntervals: 3,
        maxBytes: 4_194_304,
      },
    });
  });

  it.each([
    ['http://a:8000/', 'http://a:8000', 'a:8000'],
    ['http://a:8000/v1', 'http://a:8000', 'a:8000'],
    ['http://a:8000/v1/', 'http://a:8000', 'a:8000'],
    ['HTTP://A:8000', 'http://a:8000', 'a:8000'],
    ['https://a.example.org', 'https://a.example.org', 'a.example.org'],
    ['http://a/llama/v1', 'http://a/llama', 'a-llama'],
    ['http://[::1]:8000', 'http://[::1]:8000', '::1:8000'],
  ])('at %s is asked at %s and called %s', (given, url, id) => {
    expect(remoteOf(`url: "${given}"`)).toMatchObject({ url, id });
  });

  it('knows its models when they are listed', () => {
    expect(remoteOf('url: "http://a", models: [m]')).toMatchObject({ models: ['m'], discoversModels: false });
    expect(remoteOf('url: "http://a", models: []').discoversModels).toBe(true);
  });

  it('has as many GPUs as its parallel sizes need, unless it says otherwise', () => {
    const parallel = 'parallel: {tensor: 4, pipeline: 2, data: 2, expert: 8}';
    expect(remoteOf(`url: "http://a", ${parallel}`).gpuCount).toBe(16);
    expect(remoteOf(`url: "http://a", ${parallel}, gpuCount: 8`).gpuCount).toBe(8);
  });

  it('keeps its traits', () => {
    const traits = {
      id: 'x',
      engine: 'vllm',
      adapters: ['lora'],
      role: 'prefill',
      gpuType: 'H100',
      usdPerHour: 2.5,
      maxConcurrency: 8,
      maxPrefillTokens: 4_000,
      weight: 0.5,
      labels: { zone: 'eu-1' },
    };
    const { url: _url, ...instance } = remoteOf(`url: "http://a", ${JSON.stringify(traits).slice(1, -1)}`);
    expect(instance).toMatchObject(traits);
  });
});

describe('its key', () => {
  it.each([
    ['as it is', 'apiKey: k', undefined],
    ['by a variable’s name', 'apiKey_env: KEY', { env: { KEY: 'k' } }],
    ['by a file, cut to size', 'apiKey_file: key.txt', { readFile: () => ' k\n' }],
  ])('can be given %s', (_how, given, options) => {
    expect(remoteOf(`url: "http://a", ${given}`, '', options).apiKey?.reveal()).toBe('k');
  });

  it('is asked for by the path that the file names', () => {
    const asked: string[] = [];
    const readFile = (path: string) => {
      asked.push(path);
      return 'k';
    };
    remoteOf('url: "http://a", apiKey_file: secrets/key', '', { readFile });
    expect(asked).toEqual(['secrets/key']);
  });
});

describe('its health checks and its metrics', () => {
  it('are those of all instances, but for what it says otherwise', () => {
    const rest = 'health: {active: {intervalMs: 100, path: /all}}\nscrape: {intervalMs: 200, path: /m}';
    const instance = remoteOf('url: "http://a", health: {path: /own}, scrape: {timeoutMs: 50}', rest);
    expect(instance.health).toMatchObject({ intervalMs: 100, path: '/own', timeoutMs: 2_000 });
    expect(instance.scrape).toMatchObject({ intervalMs: 200, path: '/m', timeoutMs: 50 });
  });

  it('are read with the credentials that are given for them', () => {
    const basic = 'scrape: {auth: {basic: {username: u, password: p}}}';
    const { credentials } = remoteOf(`url: "http://a", apiKey: k, ${basic}`).scrape;
    expect(credentials).toMatchObject({ type: 'basic', username: 'u' });
    expect(credentials?.type === 'basic' && credentials.password.reveal()).toBe('p');
  });

  it('are read with the instance’s key where nothing else is given', () => {
    const { credentials } = remoteOf('url: "http://a", apiKey: k').scrape;
    expect(credentials?.type === 'bearer' && credentials.token.reveal()).toBe('k');
  });

  it('are not read with it on another port, where something else may listen', () => {
    expect(remoteOf('url: "http://a", apiKey: k, scrape: {port: 9}').scrape).not.toHaveProperty(
      'credentials',
    );
  });

  it('use the TLS settings of the instance, or their own', () => {
    const tls = 'tls: {servername: a, ca_file: ca.pem, key: "k1"}';
    const options = { readFile: () => 'PEM\nof two lines\n' };
    const instance = remoteOf(`url: "https://a", ${tls}`, '', options);
    expect(instance.tls).toMatchObject({
      servername: 'a',
      ca: 'PEM\nof two lines',
      rejectUnauthorized: true,
    });
    expect(instance.tls?.key?.reveal()).toBe('k1');
    expect(instance.scrape.tls).toEqual(instance.tls);
    const own = remoteOf(`url: "https://a", ${tls}, scrape: {tls: {rejectUnauthorized: false}}`, '', options);
    expect(own.scrape.tls).toEqual({ rejectUnauthorized: false });
  });

  it('can have further names', () => {
    const names = 'metricNames: {waitingRequests: ["x:waiting{q=a}"], shareUnit: percent}';
    expect(remoteOf(`url: "http://a", ${names}`).metricNames).toEqual({
      waitingRequests: ['x:waiting{q=a}'],
      shareUnit: 'percent',
    });
  });
});

describe('a simulated engine', () => {
  it('has the traits of what it simulates', () => {
    expect(instancesOf('instances: [{simulate: llama-3-70b@h100x4}]')).toEqual([
      {
        kind: 'simulated',
        id: 'sim-llama-3-70b-h100x4-1',
        profile: 'llama-3-70b@h100x4',
        models: ['llama-3-70b'],
        adapters: [],
        role: 'both',
        parallel: { tensor: 1, pipeline: 1, data: 1, expert: 1 },
        gpuCount: 4,
        gpuType: 'H100',
        maxConcurrency: 256,
        maxPrefillTokens: Number.POSITIVE_INFINITY,
        weight: 1,
        labels: {},
        speed: 1,
        dialect: 'vllm',
      },
    ]);
  });

  it('keeps what is said otherwise', () => {
    const [instance] = instancesOf(
      'instances: [{simulate: llama-3-8b@h100, id: s, models: [m], speed: 10, dialect: sglang, gpuType: X}]',
    );
    expect(instance).toMatchObject({ id: 's', models: ['m'], speed: 10, dialect: 'sglang', gpuType: 'X' });
  });

  it('is counted out, each with an id of its own', () => {
    const source = `instances:
  - {simulate: llama-3-8b@h100, count: 2}
  - {simulate: llama-3-8b@a100}
  - {simulate: llama-3-8b@h100}
  - {simulate: llama-3-8b@h100, id: mine, count: 2}
`;
    expect(instancesOf(source).map(({ id }) => id)).toEqual([
      'sim-llama-3-8b-h100-1',
      'sim-llama-3-8b-h100-2',
      'sim-llama-3-8b-a100-1',
      'sim-llama-3-8b-h100-3',
      'mine-1',
      'mine-2',
    ]);
  });

  it('must not take the id of another instance', () => {
    const source =
      'instances: [{url: "http://a", id: mine-1}, {simulate: llama-3-8b@h100, id: mine, count: 2}]';
    expect(parseConfig(source)).toMatchObject({ ok: false, problems: [{ path: 'instances[1].id' }] });
  });
});
