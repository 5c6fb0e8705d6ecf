import { describe, expect, it } from 'vitest';
import { ConfigurationError } from './configuration-error.ts';
import { parseSchedulerFile } from './parse-scheduler-file.ts';
import { toF5Settings } from './settings.ts';

const POOL = 'pools: [{name: p, engine_type: vllm}]\n';
const HOST = 'f5: {host: h}\n';
const env = { PW: 'hunter2' };

const parse = (yaml: string) => parseSchedulerFile(yaml, env);
const file = (yaml = '') => parse(HOST + POOL + yaml).file;
const pool = (fields: string) =>
  parse(`${HOST}pools: [{name: p, engine_type: vllm, ${fields}}]`).file.pools[0]!;
const settingsOf = (yaml: string) => toF5Settings(parse(yaml).file);

describe('the file of the existing scheduler', () => {
  it('reads yes, no, on and off as YAML 1.1 does, in quotes, too', () => {
    const fallback = (value: string) => pool(`fallback: {pool_fallback: ${value}}`).fallback.isFallback;
    expect(['yes', 'on', 'True', '"true"', '1'].map(fallback)).toEqual([true, true, true, true, true]);
    expect(['no', 'off', '"false"', '"No"', '0', 'null'].map(fallback)).toEqual(new Array(6).fill(false));
  });

  it.each([
    ['an alias of nothing', 'global: *nothing\n'],
    ['a tag that nobody knows', 'global: !secret {interval: 5}\n'],
    ['aliases that grow without bounds', bomb()],
  ])('calls %s a mistake of format', (_, text) => {
    expect(() => parse(HOST + POOL + text)).toThrow(ConfigurationError);
    expect(() => parse(HOST + POOL + text)).toThrow(/^Configuration file format error: /);
  });

  it('takes a number for log_debug as its truth', () => {
    const level = (value: string) => file(`global: {log_debug: ${value}}`).global.logLevel;
    expect(['2', '1', '0', 'null'].map(level)).toEqual(['DEBUG', 'DEBUG', 'INFO', 'INFO']);
  });

  it('takes no default for a number that is left out behind its key', () => {
    expect(() => file('modes: [{w_a: }]')).toThrow('modes[0].w_a: found null, allowed is a number');
    expect(() => pool('metrics: {timeout: }')).toThrow('metrics.timeout: found null');
    const { settings, warnings } = settingsOf(`${HOST}${POOL}global: {interval: }`);
    expect(settings.reloadIntervalMs).toBe(60_000);
    expect(warnings).toContainEqual(expect.stringContaining('global.interval: found null'));
  });

  it('passes over what is no variant, and says so', () => {
    const keys = (text: string) => {
      const { file: read, warnings } = parse(`${HOST}${POOL}engines_metrics_keys: ${text}`);
      return [read.metricKeys.map(({ name }) => name), warnings.length];
    };
    expect(keys('{vllm_a: {waiting_queue: w}, vllm_b: {}, vllm_c: , vllm_d: text, other: {}}')).toEqual([
      ['vllm_a'],
      4,
    ]);
    expect(keys('[]')).toEqual([[], 1]);
    expect(keys('')).toEqual([[], 0]);
  });

  it('takes y and n for names', () => {
    const { file: read } = parse(`${HOST}pools: [{name: y, partition: n, engine_type: vllm}]`);
    expect(read.pools[0]).toMatchObject({ name: 'y', partition: 'n' });
  });

  it.each([
    ['pools[0] (p).fallback.pool_fallback: found "maybe"', 'fallback: {pool_fallback: maybe}'],
    [
      'member_waiting_queue_threshold: found "x", allowed is a number',
      'fallback: {member_waiting_queue_threshold: x}',
    ],
    ['Pool p engine_type: found ["vllm"], allowed is text', 'engine_type: [vllm]'],
    ['metrics.port: found "x", allowed is a whole number', 'metrics: {port: x}'],
    ['metrics.schema: found "ftp", allowed is http, https', 'metrics: {schema: ftp}'],
    ['metrics: found null, allowed is keys with values', 'metrics: '],
    ['metrics.tls.verify: found "maybe"', 'metrics: {tls: {verify: maybe}}'],
    ['members[0]: found "host:80", allowed is an IP address with a port', 'members: ["host:80"]'],
    ['members[0]: found "10.0.0.1:0"', 'members: ["10.0.0.1:0"]'],
    ['members: found 5, allowed is a list', 'members: 5'],
  ])('says %s', (message, fields) => {
    expect(() => pool(fields)).toThrow(ConfigurationError);
    expect(() => pool(fields)).toThrow(message);
    expect(() => pool(fields)).toThrow(/^Configuration file loading failed: /);
  });

  it('reads numbers in quotes and cuts fractions off where whole ones belong', () => {
    const { fallback, metrics } = pool(
      'fallback: {member_running_req_threshold: "1e1"}, metrics: {port: "9_090", timeout: 4.9}',
    );
    expect([fallback.maxRunning, metrics.port, metrics.timeout]).toEqual([10, 9090, 4]);
  });

  it('takes passwords from the environment only, and says when they are not there', () => {
    const { file: read, warnings } = parse(
      `f5: {host: h, password_env: NOPE, password: plain}\n` +
        `pools: [{name: p, engine_type: sglang, metrics: {metric_user: u, metric_pwd_env: PW}}]`,
    );
    expect(read.f5).toMatchObject({ password: 'admin', isDefaultPassword: true });
    expect(read.pools[0]!.metrics.password).toBe('hunter2');
    expect(warnings).toEqual([
      'f5.password_env: the environment variable NOPE is not set',
      'f5.password: passwords in the file are not read; name a variable with f5.password_env',
    ]);
    expect(JSON.stringify(read)).not.toContain('plain');
  });

  it('names a variant by its engine, and skips the others', () => {
    const { file: read, warnings } = parse(
      `${HOST}${POOL}engines_metrics_keys:\n` +
        '  vllm_a: {cache_usage: a, cache_usage_unit: percent}\n  trt: {cache_usage: t}\n  VLLM_b:\n',
    );
    expect(read.metricKeys).toEqual([{ name: 'vllm_a', keys: { cache_usage: 'a' }, isCacheInPercent: true }]);
    expect(warnings[0]).toContain('engines_metrics_keys.trt');
  });

  it('takes an unknown mode for s1 and says so', () => {
    const { file: read, warnings } = parse(`${HOST}${POOL}modes: [{name: S1, w_a: 1}]`);
    expect(read.modes[0]).toMatchObject({ name: 's1', waitingWeight: 1, cacheWeight: 0.5 });
    expect(warnings[0]).toContain('modes[0].name: found "S1", allowed are s1, ');
  });

  it('needs no appliance where every pool names its members', () => {
    const text =
      'pools: [{name: p, engine_type: vllm, members: ["10.0.0.1:80", "2001:db8::1:81", "10.0.0.2%3:82"]}]';
    expect(parse(text).file.pools[0]!.members).toHaveLength(3);
    expect(toF5Settings(parse(text).file).settings.appliance).toBeUndefined();
    expect(() => parse(`${text.slice(0, -1)}, {name: q, engine_type: vllm}]`)).toThrow('f5.host');
  });

  it('reads where the keys of an XInference cluster go', () => {
    const text = (fields: string) =>
      `${HOST}pools: [{name: p, engine_type: XInference, model_APIkey: {${fields}}}]`;
    expect(
      parse(text('f5datagroup: g, failure_mode: smart, apikey_user: u, apikey_pwd_env: PW')).file.pools[0]!
        .keySync,
    ).toEqual({
      dataGroup: 'g',
      path: '/v1/cluster/authorizations',
      timeout: 4,
      interval: 300,
      apiKey: undefined,
      user: 'u',
      password: 'hunter2',
      failureMode: 'smart',
      maxFailures: 10,
      maxHours: 2,
    });
    expect(() => parse(text(''))).toThrow('Pool p with XInference engine type missing f5datagroup field');
    const { file: lenient, warnings: complaints } = parse(
      text('f5datagroup: g, failure_mode: often, timeout: "7"'),
    );
    expect(lenient.pools[0]!.keySync).toMatchObject({ failureMode: 'preserve', timeout: 7 });
    expect(complaints[0]).toContain('failure_mode: found "often", allowed are preserve, clear, smart');
    const { warnings } = parse(
      `${HOST}pools: [{name: p, engine_type: vllm, model_APIkey: {f5datagroup: g}}]`,
    );
    expect(warnings[0]).toContain('only XInference has such keys');
  });

  it('says where YAML itself is wrong', () => {
    expect(() => parse('f5: [1\n')).toThrow(/^Configuration file format error: .*line 2/s);
  });

  it('reads keys that are there twice, and aliases and merges', () => {
    const text = `${HOST}base: &b {engine_type: vllm}\npools: [{<<: *b, name: old, name: p}]`;
    expect(parse(text).file.pools[0]).toMatchObject({ name: 'p', engine: 'vllm' });
  });
});

describe('what the file means', () => {
  it('is in milliseconds', () => {
    const { settings } = settingsOf(
      `${HOST}${POOL}global: {interval: 5}\nscheduler: {pool_fetch_interval: 10, metrics_fetch_interval: 3000}`,
    );
    expect(settings).toMatchObject({
      reloadIntervalMs: 5_000,
      poolFetchIntervalMs: 10_000,
      metricsFetchIntervalMs: 3_000,
      staleAfterMs: 9_000,
    });
  });

  it.each([
    ['scheduler: {metrics_fetch_interval: 1000}', 7_000],
    ['scheduler: {metrics_fetch_interval: 5000}', 15_000],
    ['scheduler: {stale_after: 1234}', 1_234],
  ])('lets figures grow old by %s', (scheduler, expected) => {
    expect(settingsOf(HOST + POOL + scheduler).settings.staleAfterMs).toBe(expected);
  });

  it('replaces intervals and ports that cannot be used, and says so', () => {
    const { settings, warnings } = settingsOf(
      `${POOL}f5: {host: h, port: 70000, password_env: PW}\nglobal: {interval: x, api_port: -1, log_level: loud}\n` +
        'scheduler: {pool_fetch_interval: 0}',
    );
    expect(settings).toMatchObject({
      reloadIntervalMs: 60_000,
      poolFetchIntervalMs: 10_000,
      logLevel: 'info',
      listener: { port: 8080 },
      appliance: { port: 443 },
    });
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual([
      'global.log_level',
      'global.interval',
      'global.api_port',
      'f5.port',
      'scheduler.pool_fetch_interval',
    ]);
  });

  it('gives engines time to answer where the file gives none', () => {
    const { settings, warnings } = settingsOf(
      `${HOST}pools: [{name: p, engine_type: xinference, metrics: {timeout: 0}, ` +
        'model_APIkey: {f5datagroup: g, timeout: -1, api_key_sync_interval: 0}}]',
    );
    expect(settings.pools[0]).toMatchObject({
      metrics: { timeout: 3 },
      keySync: { timeout: 4, interval: 300 },
    });
    expect(warnings).toContainEqual(
      'pools (p).metrics.timeout: found 0, allowed is a number above 0; 3 is used',
    );
  });

  it('listens on loopback unless the file says another address', () => {
    expect(settingsOf(HOST + POOL).settings.listener.host).toBe('127.0.0.1');
    expect(settingsOf(`${HOST}${POOL}global: {api_host: 0.0.0.0}`).settings.listener.host).toBe('0.0.0.0');
  });

  it.each([
    ['DEBUG', 'debug'],
    ['warn', 'warn'],
    ['Warning', 'warn'],
    ['CRITICAL', 'fatal'],
  ])('knows the log level %s', (level, expected) => {
    expect(settingsOf(`${HOST}${POOL}global: {log_level: ${level}}`).settings.logLevel).toBe(expected);
  });

  it('warns of what is dangerous or without effect', () => {
    const { warnings } = settingsOf(
      'f5: {host: h, tls: {verify: false}}\nmodes: [{}, {}]\n' +
        'pools: [{name: p, engine_type: vllm}, {name: p, engine_type: sglang}]',
    );
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual([
      'f5.password_env',
      'f5.tls.verify',
      'modes',
      'pools',
    ]);
    expect(settingsOf(`${HOST}${POOL}modes: []`).settings.mode).toBeUndefined();
  });

  it('is verified TLS by default', () => {
    expect(file().f5.tls).toEqual({ verify: true });
    expect(pool('metrics: {tls: {verify: no, ca_file: /x.pem, server_name: n}}').metrics.tls).toEqual({
      verify: false,
      caFile: '/x.pem',
      serverName: 'n',
    });
  });
});

/** Ten levels of ten aliases each. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`);
  return ['l0: &l0 [x]', ...levels].join('\n');
}
