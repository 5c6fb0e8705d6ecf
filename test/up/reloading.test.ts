import { describe, expect, it } from 'vitest';
import { eventually } from '../bad-input/support/eventually.ts';
import { A_TOKEN, readerOf, WHOLE } from './support/answers.ts';
import { openDirectory } from './support/files.ts';
import { ofTokens, streamOf } from './support/requests.ts';
import { FREE_PORTS, openUps, type Up } from './support/up.ts';

const startUp = openUps();
const writeFile = openDirectory();

/** Looks at the file so often that tests need not wait; `never` leaves it to those who ask. */
const AT_ONCE = { pollMs: 50 };
const NEVER = { pollMs: 3_600_000 };

function withInstances(ids: readonly string[], more: object = { reload: AT_ONCE }): string {
  const instances = ids.map((id) => ({ id, simulate: 'llama-3-8b@h100' }));
  return JSON.stringify({ routing: 'round-robin', instances, ...more });
}

const write = (content: string) => writeFile('signalbox.yaml', content);

async function start(content: string): Promise<Up> {
  return startUp(['-c', await write(content), ...FREE_PORTS]);
}

interface Instance {
  readonly id: string;
  readonly state: string;
  readonly inFlightRequests: number;
}

async function instancesOf(up: Up): Promise<Instance[]> {
  return (await up.admin<{ instances: Instance[] }>('/admin/instances')).instances;
}

const idsOf = async (up: Up) => (await instancesOf(up)).map(({ id }) => id);

const successOf = async (up: Up) =>
  /^signalbox_config_last_reload_successful (\d)$/m.exec(await up.metrics())?.[1];

const servedBy = async (up: Up) => (await up.chat(ofTokens(1))).headers.get('x-signalbox-instance');

describe('a changed configuration file', () => {
  it('brings new instances, which serve', async () => {
    const up = await start(withInstances(['a']));
    await write(withInstances(['a', 'b']));
    await eventually(async () => expect(await idsOf(up)).toEqual(['a', 'b']));
    await eventually(async () => {
      const served = [await servedBy(up), await servedBy(up)];
      expect(served.sort()).toEqual(['a', 'b']);
    });
    const told = /"changed":\["instances"\],"msg":"configuration changed"/;
    await eventually(() => expect(up.stdout()).toMatch(told));
  });

  it('takes an instance away only when the stream on it has ended', async () => {
    const up = await start(withInstances(['a']));
    const answer = readerOf(await up.chat(streamOf(400)));
    await answer.until(A_TOKEN);
    await write(withInstances(['b']));
    await eventually(async () => {
      expect(await instancesOf(up)).toMatchObject([
        { id: 'a', state: 'draining', inFlightRequests: 1 },
        { id: 'b', state: 'ready', inFlightRequests: 0 },
      ]);
    });
    for (let call = 0; call < 3; call += 1) expect(await servedBy(up)).toBe('b');
    expect(await answer.rest()).toMatch(WHOLE);
    expect(answer.text.match(/"delta":\{"content"/g)).toHaveLength(400);
    await eventually(async () => expect(await idsOf(up)).toEqual(['b']));
  });

  it('that is not valid changes nothing, is told of, and can be mended', async () => {
    const up = await start(withInstances(['a']));
    expect(await successOf(up)).toBe('1');
    await write(withInstances(['a', 'b'], { reload: AT_ONCE, queue: { maxRequests: -1 } }));
    await eventually(async () => expect(await successOf(up)).toBe('0'));
    expect(await idsOf(up)).toEqual(['a']);
    expect(await servedBy(up)).toBe('a');
    const told = /"level":"error".*queue\.maxRequests must be a whole .*found -1.*stays in force/;
    await eventually(() => expect(up.stdout()).toMatch(told));
    await write(withInstances(['a', 'b']));
    await eventually(async () => expect(await successOf(up)).toBe('1'));
    await eventually(async () => expect(await idsOf(up)).toEqual(['a', 'b']));
    expect(await up.metrics()).toMatch(/^signalbox_config_reloads_total\{result="refused"\} 1$/m);
  });

  it('holds for what callers may do from then on', async () => {
    const up = await start(withInstances(['a']));
    const aliases = { reload: AT_ONCE, aliases: { chatty: 'llama-3-8b' }, limits: { maxBodyBytes: 2_000 } };
    expect((await up.chat(ofTokens(1, { model: 'chatty' }))).status).toBe(404);
    await write(withInstances(['a'], aliases));
    await eventually(async () => expect((await up.chat(ofTokens(1, { model: 'chatty' }))).status).toBe(200));
    const large = await up.chat(ofTokens(1, { padding: 'x'.repeat(3_000) }));
    expect([large.status, await large.json()]).toMatchObject([413, { error: { code: 'request_too_large' } }]);
  });
});

describe('told to look at its file', () => {
  it('by SIGHUP takes it over', async () => {
    const up = await start(withInstances(['a'], { reload: NEVER }));
    await write(withInstances(['a', 'b'], { reload: NEVER }));
    up.kill('SIGHUP');
    await eventually(async () => expect(await idsOf(up)).toEqual(['a', 'b']));
    expect(up.hasEnded).toBe(false);
  });

  it('by SIGHUP is nothing where there is no file', async () => {
    const up = await startUp(FREE_PORTS);
    up.kill('SIGHUP');
    await eventually(() => expect(up.stdout()).toContain('there is no configuration file to read again'));
    expect(up.hasEnded).toBe(false);
  });

  it('by the admin API takes it over, or says what is wrong with it', async () => {
    const up = await start(withInstances(['a'], { reload: NEVER }));
    const reload = () => fetch(`${up.controlUrl}/admin/reload`, { method: 'POST' });
    await write(withInstances(['a', 'b'], { reload: NEVER }));
    const good = await reload();
    expect([good.status, await good.json()]).toEqual([200, { isApplied: true }]);
    await eventually(async () => expect(await idsOf(up)).toEqual(['a', 'b']));

    await write('instances: [{ id: a }]');
    const bad = await reload();
    expect([bad.status, await bad.json()]).toMatchObject([
      409,
      {
        error: {
          code: 'conflict',
          message: expect.stringMatching(/the old one stays: .*signalbox\.yaml:1:13/),
        },
      },
    ]);
    expect(await successOf(up)).toBe('0');
    expect(await idsOf(up)).toEqual(['a', 'b']);
  });

  it('without a file says that there is none', async () => {
    const up = await startUp(FREE_PORTS);
    const answer = await fetch(`${up.controlUrl}/admin/reload`, { method: 'POST' });
    expect([answer.status, await answer.json()]).toMatchObject([409, { error: { code: 'conflict' } }]);
  });
});
