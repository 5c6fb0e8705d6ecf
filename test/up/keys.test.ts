import { describe, expect, it } from 'vitest';
import { openDirectory } from './support/files.ts';
import { ofTokens } from './support/requests.ts';
import { runSignalbox } from './support/signalbox.ts';
import { FREE_PORTS, openUps, type Up } from './support/up.ts';

const startUp = openUps();
const writeFile = openDirectory();

const INSTANCES = 'instances: [{ simulate: llama-3-8b@h100, speed: 50 }]\n';

/** A key as `signalbox key` makes it, and the configuration that it prints. */
async function makeKey(...args: string[]): Promise<{ key: string; configuration: string }> {
  const { stdout, exitCode } = await runSignalbox(['key', ...args]);
  expect(exitCode).toBe(0);
  const key = /^ +(sk-sb-\S+)$/m.exec(stdout)![1]!;
  const configuration = stdout.slice(stdout.indexOf('auth:'), stdout.indexOf('Try it'));
  return { key, configuration };
}

const bearing = (key: string, headers: object = {}) => ({
  headers: { authorization: `Bearer ${key}`, ...headers },
});

async function failing(call: Promise<Response>): Promise<unknown> {
  const response = await call;
  return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
}

const startWith = async (configuration: string): Promise<Up> =>
  startUp([
    '-c',
    await writeFile('signalbox.yaml', INSTANCES + configuration),
    ...FREE_PORTS,
    '--log-level',
    'trace',
  ]);

describe('an API key made by signalbox key', () => {
  it('lets its bearer in and nobody else, once its lines are in the configuration', async () => {
    const { key, configuration } = await makeKey('--name', 'team', '--tenant', 'research');
    const up = await startWith(configuration);
    expect(up.stderr()).toContain('1 API keys');
    expect(await failing(up.chat(ofTokens(1)))).toEqual([401, 'invalid_api_key']);
    expect(await failing(up.chat(ofTokens(1), bearing(`${key}x`)))).toEqual([401, 'invalid_api_key']);
    expect(await failing(fetch(`${up.dataUrl}/v1/models`))).toEqual([401, 'invalid_api_key']);
    expect((await up.chat(ofTokens(1), bearing(key))).status).toBe(200);
    expect((await up.chat(ofTokens(1), { headers: { 'x-api-key': key } })).status).toBe(200);
    expect((await fetch(`${up.dataUrl}/v1/models`, bearing(key))).status).toBe(200);
    expect((await fetch(`${up.dataUrl}/health`)).status).toBe(200);
  });

  it('appears in no log line, no configuration, no metric and no decision', async () => {
    const { key, configuration } = await makeKey();
    const up = await startWith(configuration);
    expect((await up.chat(ofTokens(1), bearing(key))).status).toBe(200);
    expect(await failing(up.chat(ofTokens(1), bearing(`wrong-${key}`)))).toEqual([401, 'invalid_api_key']);
    expect(await failing(up.chat({ model: key }, bearing(key)))).toEqual([404, 'model_not_found']);
    const sha256 = /sha256: '(\w+)'/.exec(configuration)![1]!;
    for (const path of ['/admin/config', '/admin/decisions', '/admin/instances', '/metrics', '/']) {
      const text = await (await fetch(up.controlUrl + path)).text();
      expect(text).not.toContain(key);
      expect(text).not.toContain(sha256);
    }
    up.kill('SIGTERM');
    const { stdout, stderr } = await up.ended;
    expect(stdout.match(/"path":"\/v1\/chat\/completions"/g)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout + stderr).not.toContain(key);
    expect(stdout + stderr).not.toContain(sha256);
  });

  it('is for its models only, and lowers what priority it may not ask for', async () => {
    const { key, configuration } = await makeKey();
    const up = await startWith(
      configuration
        .replace(/# models: .*/, 'models: [other]')
        .replace(/# maxPriority: .*/, 'maxPriority: LOW')
        .concat('aliases: { other: llama-3-8b }\n'),
    );
    expect(await failing(up.chat(ofTokens(1), bearing(key)))).toEqual([403, 'model_not_allowed']);
    const asked = bearing(key, { 'x-signalbox-priority': 'CRITICAL' });
    expect((await up.chat(ofTokens(1, { model: 'other' }), asked)).status).toBe(200);
    up.kill('SIGTERM');
    expect((await up.ended).stdout).toMatch(/"priority":"LOW"/);
  });
});

describe('with keys configured', () => {
  it('the data listener may be reached from everywhere', async () => {
    const { key, configuration } = await makeKey();
    const up = await startWith(configuration);
    const { listeners } = await up.admin<{ listeners: { data: { host: string } } }>('/admin/config');
    expect(listeners.data.host).toBe('0.0.0.0');
    expect((await up.chat(ofTokens(1), bearing(key))).status).toBe(200);
  });

  it('the control listener asks for its own token once it has one', async () => {
    const token = 'control-token-of-this-test';
    const file = await writeFile(
      'signalbox.yaml',
      `${INSTANCES}listeners: { control: { token_env: CONTROL_TOKEN } }\n`,
    );
    const up = await startUp(['-c', file, ...FREE_PORTS], { env: { CONTROL_TOKEN: token } });
    expect((await fetch(`${up.controlUrl}/admin/queue`)).status).toBe(401);
    expect((await fetch(`${up.controlUrl}/admin/queue`, bearing(token))).status).toBe(200);
    const config = await (await fetch(`${up.controlUrl}/admin/config`, bearing(token))).text();
    expect(config).not.toContain(token);
    expect(up.stdout() + up.stderr()).not.toContain(token);
  });
});
