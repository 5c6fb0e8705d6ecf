import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadF5File } from '../../src/discovery/f5/index.ts';
import { TEST_CERTIFICATE } from '../../src/engines/__fixtures__/tls.ts';
import { createF5Sideband, type F5Sideband } from '../../src/sideband/index.ts';
import { type FakeAppliance, startFakeAppliance } from './fake-appliance.ts';
import { type FakeEngine, startFakeEngine, vllmPage } from './fake-engine.ts';

let folder: string;
let appliance: FakeAppliance;
let idle: FakeEngine;
let busy: FakeEngine;
let sideband: F5Sideband | undefined;
let url: string;
let lines: { level: string; message: string; [field: string]: unknown }[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-f5-'));
  writeFileSync(join(folder, 'ca.pem'), TEST_CERTIFICATE);
  appliance = await startFakeAppliance();
  idle = await startFakeEngine(vllmPage(0, 0.1));
  busy = await startFakeEngine(vllmPage(8, 0.9));
  appliance.pools.set('Common/llm', [idle.name, busy.name]);
  lines = [];
});

afterEach(async () => {
  await sideband?.close();
  sideband = undefined;
  await Promise.all([appliance.close(), idle.close(), busy.close()]);
  rmSync(folder, { recursive: true });
});

interface FileParts {
  readonly global?: string;
  readonly f5?: string;
  readonly scheduler?: string;
  readonly pools?: string;
}

function write({ global = '', f5 = '', scheduler = '', pools = '' }: FileParts = {}): string {
  const path = join(folder, 'scheduler-config.yaml');
  writeFileSync(
    path,
    `global: {interval: 0.05${global}}
f5:
  host: 127.0.0.1
  port: ${appliance.port}
  password_env: APPLIANCE_PASSWORD
  tls: {ca_file: ${join(folder, 'ca.pem')}, server_name: engine.test}
${f5}
scheduler: {pool_fetch_interval: 0.05, metrics_fetch_interval: 50${scheduler}}
modes:
  - {name: s1, w_a: 0.2, w_b: 0.8}
pools:
  - name: llm
    engine_type: vllm
${pools}`,
  );
  return path;
}

async function start(parts: FileParts = {}): Promise<void> {
  const path = write(parts);
  const env = { APPLIANCE_PASSWORD: 'secret' };
  const log = (level: string) => (fields: object, message: string) =>
    void lines.push({ ...fields, level, message });
  sideband = createF5Sideband({
    loaded: await loadF5File(path, env),
    path,
    env,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    listener: { port: 0 },
  });
  url = (await sideband.start())!;
}

async function ask(members = [idle.name, busy.name], pool = 'llm'): Promise<string> {
  const body = JSON.stringify({ pool_name: pool, partition: 'Common', members });
  const answer = await fetch(`${url}/scheduler/select`, { method: 'POST', body });
  return answer.text();
}

async function details() {
  const answer = (await (await fetch(`${url}/scheduler/pools`)).json()) as {
    pools: { membersAgeMs: number; membersError: string | null; members: { leftOut: string | null }[] }[];
  };
  return answer.pools[0]!;
}

const until = (check: () => Promise<unknown> | unknown) =>
  expect.poll(check, { timeout: 15_000, interval: 20 });

describe('the select API for an appliance', () => {
  it('says none until the first figures are there, then a member', async () => {
    await start();
    await until(() => ask()).not.toBe('none');
    const counts = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const answer = await ask();
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([idle.name, busy.name].sort());
    expect(counts.get(idle.name)).toBeGreaterThan(140);
    const simple = await (await fetch(`${url}/pools/llm/Common/status?simple`)).text();
    expect(simple).toBe(`${idle.name} 0.9200\n${busy.name} 0.0800`);
  });

  it('logs in once, and gives the token back when it stops', async () => {
    await start();
    await until(() => ask()).not.toBe('none');
    expect([appliance.logIns, appliance.tokens.size]).toEqual([1, 1]);
    await sideband!.close();
    sideband = undefined;
    expect(appliance.tokens.size).toBe(0);
  });

  it('logs in anew when the appliance forgets the token', async () => {
    await start();
    await until(() => ask()).not.toBe('none');
    appliance.tokens.clear();
    appliance.pools.set('Common/llm', [busy.name]);
    await until(() => ask([idle.name])).toBe('none');
    expect(appliance.logIns).toBe(2);
  });

  it.each(['down', 'failing'] as const)(
    'keeps the members while the appliance is %s, and tells their age',
    async (trouble) => {
      await start();
      await until(() => ask()).not.toBe('none');
      appliance.setTrouble(trouble);
      await until(async () => (await details()).membersError).not.toBeNull();
      await until(async () => (await details()).membersAgeMs).toBeGreaterThan(500);
      expect([idle.name, busy.name]).toContain(await ask());
      appliance.setTrouble('none');
      await until(async () => (await details()).membersError).toBeNull();
    },
  );

  it('forgets a pool that the appliance no longer has, and finds it again', async () => {
    await start();
    await until(() => ask()).not.toBe('none');
    appliance.pools.delete('Common/llm');
    await until(async () => (await fetch(`${url}/pools/llm/Common/status`)).status).toBe(404);
    expect(await ask()).toBe('none');
    appliance.pools.set('Common/llm', [idle.name]);
    await until(() => ask()).toBe(idle.name);
  });

  it('does not choose an engine whose port is closed, and says none when it was the last', async () => {
    await start();
    await until(() => ask([idle.name])).toBe(idle.name);
    await idle.close();
    await until(() => ask([idle.name])).toBe('none');
    expect(await ask()).toBe(busy.name);
    expect((await details()).members.map(({ leftOut }) => leftOut)).toEqual(['nothing listens there', null]);
  });

  it('does not choose an engine that only answers with errors, once its figures are too old', async () => {
    await start({ scheduler: ', stale_after: 300' });
    await until(() => ask([busy.name])).toBe(busy.name);
    busy.page = 500;
    await until(() => ask([busy.name])).toBe('none');
    expect((await details()).members[1]!.leftOut).toBe('its figures are too old');
    busy.page = vllmPage(0, 0);
    await until(() => ask([busy.name])).toBe(busy.name);
  });

  it('chooses on the last score for ever where the file says so', async () => {
    await start({ scheduler: ', stale_after: 100, keep_last_score: true' });
    await until(async () => (await details()).members.length).toBe(2);
    await until(() => busy.asked.length).toBeGreaterThan(1);
    busy.page = 500;
    const asked = busy.asked.length;
    await until(() => busy.asked.length).toBeGreaterThan(asked + 5);
    expect(await ask([busy.name])).toBe(busy.name);
  });

  it('takes over a changed file without losing scores, and says what changed', async () => {
    await start();
    await until(() => ask()).not.toBe('none');
    write({ pools: '    fallback: {pool_fallback: true}\n' });
    await until(() => ask()).toBe('fallback');
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'configuration changed', changed: ['pools'] }),
    );
    const simple = await (await fetch(`${url}/pools/llm/Common/status?simple`)).text();
    expect(simple).toBe(`${idle.name} 0.9200\n${busy.name} 0.0800`);
  });

  it('keeps what is in force when the changed file is wrong', async () => {
    await start();
    await until(() => ask()).not.toBe('none');
    write({ scheduler: ', metrics_fetch_interval: 0' });
    await until(() => lines.filter(({ level }) => level === 'error').length).toBe(1);
    expect(lines.find(({ level }) => level === 'error')?.reason).toContain(
      'New configuration validation failed',
    );
    expect(await ask()).not.toBe('none');
  });

  it('takes over another pool and forgets one that is no longer named', async () => {
    appliance.pools.set('Common/other', [busy.name]);
    await start({ pools: '  - {name: other, engine_type: vllm}\n' });
    await until(() => ask(undefined, 'other')).toBe(busy.name);
    write();
    await until(() => ask(undefined, 'other')).toBe('none');
    expect(await ask()).not.toBe('none');
  });

  it('refuses an appliance whose certificate nobody vouches for', async () => {
    const path = write();
    const env = { APPLIANCE_PASSWORD: 'secret' };
    const loaded = await loadF5File(path, env);
    const { tls: _, ...rest } = loaded.settings.appliance!;
    const settings = {
      ...loaded.settings,
      appliance: { ...rest, tls: { verify: true, serverName: 'engine.test' } },
    };
    const reasons: unknown[] = [];
    const silent = () => undefined;
    sideband = createF5Sideband({
      loaded: { ...loaded, settings },
      listener: 'none',
      log: { debug: silent, info: silent, error: silent, warn: (fields) => void reasons.push(fields) },
    });
    expect(await sideband.start()).toBeUndefined();
    await until(() => JSON.stringify(reasons)).toContain('self-signed certificate');
    expect(appliance.logIns).toBe(0);
  });
});

describe('pools that name their members themselves', () => {
  it('need no appliance', async () => {
    const path = join(folder, 'static.yaml');
    writeFileSync(
      path,
      `global: {api_port: 0}
scheduler: {metrics_fetch_interval: 50}
pools:
  - {name: llm, engine_type: vllm, members: ["${idle.name}"]}
`,
    );
    const silent = () => undefined;
    sideband = createF5Sideband({
      loaded: await loadF5File(path, {}),
      log: { debug: silent, info: silent, warn: silent, error: silent },
    });
    url = (await sideband.start())!;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await until(() => ask()).toBe(idle.name);
    expect(appliance.logIns).toBe(0);
  });
});

describe('XInference clusters behind an appliance', () => {
  const models = (share: number) =>
    JSON.stringify({
      code: 200,
      data: {
        model_metrics: [{ model_id: 'a', throughput_utilization: share }],
        authorization_records: [
          { api_key: 'k2', model_ids: ['a', 'b'] },
          { api_key: 'k1', 'model_ids:': ['a'] },
        ],
      },
    });

  it('are chosen by model, and their keys are copied to the data group', async () => {
    idle.page = models(0.1);
    busy.page = models(0.9);
    appliance.pools.set('Common/x', [idle.name, busy.name]);
    await start({
      pools:
        '  - name: x\n    engine_type: xinference\n' +
        '    model_APIkey: {f5datagroup: keys, APIkey: hush}\n',
    });
    const choose = async (model?: string) => {
      const members = [idle.name, busy.name];
      const body = JSON.stringify({ pool_name: 'x', partition: 'Common', members, model });
      return (await fetch(`${url}/scheduler/select`, { method: 'POST', body })).text();
    };
    await until(() => choose('a')).toMatch(/^127/);
    expect(await choose()).toBe('request_has_no_model_name');
    expect(await choose('zzz')).toBe('no_the_model_name');
    const place = (engine: FakeEngine) => engine.name.replace(':', '_');
    await until(() => appliance.dataGroups.get('keys')).toEqual({
      [`a_${place(idle)}`]: 'k1,k2',
      [`b_${place(idle)}`]: 'k2',
      [`a_${place(busy)}`]: 'k1,k2',
      [`b_${place(busy)}`]: 'k2',
    });
    expect(idle.asked).toContainEqual({ path: '/v1/cluster/authorizations', authorization: 'Bearer hush' });
    const health = await (await fetch(`${url}/api_key_health`)).json();
    expect(health).toMatchObject({ summary: { total_pools: 1, overall_status: 'healthy' } });
  });
});
