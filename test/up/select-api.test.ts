import { afterEach, describe, expect, it } from 'vitest';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../../src/engines/simulated/index.ts';
import { chatCall } from '../bad-input/support/calls.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { openDirectory } from './support/files.ts';
import { ofTokens } from './support/requests.ts';
import { runSignalbox } from './support/signalbox.ts';
import { addressIn, FREE_PORTS, openUps, type Up } from './support/up.ts';

const startUp = openUps();
const writeFile = openDirectory();
const engines: RunningSimulatedEngine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

/** Engines, as the members that a pool lists. */
async function startMembers(count: number, speed = 50): Promise<string[]> {
  const members: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const engine = await startSimulatedEngine({ speed });
    engines.push(engine);
    members.push(new URL(engine.url).host);
  }
  return members;
}

function poolsOf(
  members: readonly string[],
  global: object = { api_port: 0, interval: 1 },
  pool: object = {},
): object {
  return {
    global,
    scheduler: { metrics_fetch_interval: 100 },
    modes: [{ name: 's1', w_a: 0.5, w_b: 0.5 }],
    pools: [{ name: 'llm', partition: 'Common', engine_type: 'vllm', members, ...pool }],
  };
}

/** Such files are YAML, of which JSON is a part. */
const writePools = (pools: object) => writeFile('pools.yaml', JSON.stringify(pools));

const selectUrlOf = (up: Up) => addressIn(up.stderr(), /select API +(\S+)\/scheduler\/select/);

function select(url: string, members: readonly string[], pool = 'llm'): Promise<Response> {
  return fetch(`${url}/scheduler/select`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pool_name: pool, partition: 'Common', members }),
  });
}

/** Once the engines' first figures have come. */
async function selected(url: string, members: readonly string[]): Promise<string> {
  let text = '';
  await eventually(async () => {
    text = await (await select(url, members)).text();
    expect(members).toContain(text);
  });
  return text;
}

interface PoolsStatus {
  readonly pools: readonly { readonly name: string; readonly members: readonly object[] }[];
}

describe('started with the F5 scheduler’s own file', () => {
  it('says where it is asked, and opens no door for requests themselves', async () => {
    const up = await startUp([
      '--f5-config',
      await writePools(poolsOf(await startMembers(1))),
      ...FREE_PORTS,
    ]);
    expect(selectUrlOf(up)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(up.stderr()).not.toMatch(/OpenAI API|Instances|Try it/);
    expect(up.dataUrl).toBe('');
  });

  it('answers with a member, as bare text', async () => {
    const members = await startMembers(3);
    const up = await startUp(['--f5-config', await writePools(poolsOf(members)), ...FREE_PORTS]);
    const url = selectUrlOf(up)!;
    await selected(url, members);
    const answer = await select(url, members);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(members).toContain(await answer.text());
    // Only who is offered can be chosen, and nobody of a pool that is not known.
    for (const member of members) expect(await (await select(url, [member])).text()).toBe(member);
    expect(await (await select(url, ['127.0.0.1:1'])).text()).toBe('none');
    expect(members).not.toContain(await (await select(url, members, 'other')).text());
  });

  it('passes over the member that has more to do than it may', async () => {
    const [busy, idle] = (await startMembers(2, 1)) as [string, string];
    const leave = new AbortController();
    const work = [0, 1, 2].map(() =>
      fetch(
        `http://${busy}/v1/chat/completions`,
        chatCall(ofTokens(20_000, { stream: true }), { signal: leave.signal }),
      ),
    );
    await Promise.all(work);
    const pools = poolsOf([busy, idle], undefined, { fallback: { member_running_req_threshold: 2 } });
    const up = await startUp(['--f5-config', await writePools(pools), ...FREE_PORTS]);
    const url = selectUrlOf(up)!;
    await selected(url, [idle]);
    await eventually(async () => expect(await (await select(url, [busy])).text()).toBe('none'));
    for (let call = 0; call < 20; call += 1) {
      expect(await (await select(url, [busy, idle])).text()).toBe(idle);
    }
    leave.abort();
    expect(await selected(url, [busy])).toBe(busy);
  });

  it('shows its pools, on its own listener and on the control listener alike', async () => {
    const members = await startMembers(2);
    const up = await startUp(['--f5-config', await writePools(poolsOf(members)), ...FREE_PORTS]);
    for (const url of [selectUrlOf(up)!, up.controlUrl]) {
      await selected(url, members);
      const status = await fetch(`${url}/pools/status`);
      expect(status.status).toBe(200);
      const { pools } = (await status.json()) as PoolsStatus;
      expect(pools).toMatchObject([{ name: 'llm', members: members.map(() => ({})) }]);
      const simple = await (await fetch(`${url}/pools/llm/Common/status?simple`)).text();
      for (const member of members) expect(simple).toContain(member);
    }
  });

  it('takes a changed file over', async () => {
    const [first, second] = (await startMembers(2)) as [string, string];
    const up = await startUp(['--f5-config', await writePools(poolsOf([first])), ...FREE_PORTS]);
    const url = selectUrlOf(up)!;
    expect(await selected(url, [first])).toBe(first);
    expect(await (await select(url, [second])).text()).toBe('none');
    await writePools(poolsOf([second]));
    expect(await selected(url, [second])).toBe(second);
    expect(await (await select(url, [first])).text()).toBe('none');
  });

  it('stops when told to', async () => {
    const up = await startUp([
      '--f5-config',
      await writePools(poolsOf(await startMembers(1))),
      ...FREE_PORTS,
    ]);
    const url = selectUrlOf(up)!;
    up.kill('SIGTERM');
    expect(await up.ended).toMatchObject({ exitCode: 0, signal: null });
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });
});

describe('a file that is wrong', () => {
  it.each([
    ['a pool without an engine', { pools: [{ name: 'llm', members: ['127.0.0.1:1'] }] }, /engine_type/],
    [
      'a member without a port',
      { pools: [{ name: 'llm', engine_type: 'vllm', members: ['127.0.0.1'] }] },
      /members.*127\.0\.0\.1/,
    ],
    ['neither members nor an appliance', {}, /f5\.host/],
  ])('with %s ends the start, and says what is wrong', async (_, content, message) => {
    const file = await writePools(content);
    const { exitCode, stderr } = await runSignalbox(['up', '--f5-config', file, ...FREE_PORTS]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: f5: /);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('because it is not there ends the start, and says where it was looked for', async () => {
    const { exitCode, stderr } = await runSignalbox(['up', '--f5-config', 'not-there.yaml', ...FREE_PORTS]);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^error: f5: .*not-there\.yaml/)]);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('in Signalbox’s own file, beside instances', () => {
  async function start(listener: string): Promise<{ up: Up; members: string[] }> {
    const members = await startMembers(2);
    const config = {
      instances: [{ id: 'own', simulate: 'llama-3-8b@h100' }],
      f5: { settings: poolsOf(members, { api_port: 0 }), listener },
    };
    const file = await writeFile('signalbox.yaml', JSON.stringify(config));
    return { members, up: await startUp(['-c', file, ...FREE_PORTS]) };
  }

  it('requests are served, and load balancers told', async () => {
    const { up, members } = await start('own');
    const answer = await up.chat(ofTokens(2));
    expect([answer.status, answer.headers.get('x-signalbox-instance')]).toEqual([200, 'own']);
    for (const url of [selectUrlOf(up)!, up.controlUrl]) await selected(url, members);
    // A pool's members are no instances: the gateway sends them nothing.
    const { instances } = await up.admin<{ instances: { id: string }[] }>('/admin/instances');
    expect(instances.map(({ id }) => id)).toEqual(['own']);
  });

  it('load balancers are told on the control listener alone, if so wanted', async () => {
    const { up, members } = await start('control');
    expect(selectUrlOf(up)).toBeUndefined();
    await selected(up.controlUrl, members);
    expect((await up.chat(ofTokens(2))).status).toBe(200);
  });

  it('names a file from where it stands itself', async () => {
    const members = await startMembers(1);
    await writePools(poolsOf(members));
    const file = await writeFile('signalbox.yaml', JSON.stringify({ f5: { file: './pools.yaml' } }));
    const up = await startUp(['-c', file, ...FREE_PORTS]);
    expect(await selected(selectUrlOf(up)!, members)).toBe(members[0]);
  });
});
