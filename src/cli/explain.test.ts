import { describe, expect, it } from 'vitest';
import { runSignalbox } from '../../test/up/support/signalbox.ts';
import { controlRooms } from '../admin/__fixtures__/control-room.ts';
import type { DecisionBody } from '../admin/index.ts';
import { aRecord } from '../telemetry/__fixtures__/builders.ts';

const open = controlRooms();

/** A control listener whose scheduler sent `r1`, which has ended, and then `r2`. */
async function openWithTwo(options: Parameters<typeof open>[0] = {}) {
  const room = await open(options);
  room.addInstance({ id: 'gpu-1' });
  for (const id of ['r1', 'r2']) room.submit({ id });
  room.telemetry.observer.onRequestEnd(aRecord({ requestId: 'r1', e2eMs: 2_130 }));
  return room;
}

const explain = (...args: string[]) => runSignalbox(['explain', ...args]);

describe('signalbox explain', () => {
  it('shows the decision for a request, without a terminal', async () => {
    const { url } = await openWithTwo();
    const { exitCode, stdout, stderr } = await explain('r1', '--control', url);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Request r1 for llama went to gpu-1\.\n/);
    expect(stdout).toContain('  reason     best of 1 that passed, 1 looked at: load 1 × 1');
    expect(stdout).toMatch(/^> gpu-1 +1\.000 +1\.000$/m);
    expect(stdout).toContain('completed with status 200 after 2.13 s');
  });

  it('shows the latest one, as wide as the environment says', async () => {
    const { url } = await openWithTwo();
    const { stdout } = await runSignalbox(['explain', '--last', '--control', `${url}/`], {
      env: { COLUMNS: '44' },
    });
    expect(stdout).toMatch(/^Request r2 /);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(44);
  });

  it('prints what the control listener says', async () => {
    const room = await openWithTwo();
    const { stdout } = await explain('r2', '--json', '--control', room.url);
    expect(JSON.parse(stdout)).toEqual((await room.call('/admin/decisions/r2')).json<DecisionBody>());
  });

  it('takes the token from the command line and from the environment', async () => {
    const { url } = await openWithTwo({ token: 'hush-hush' });
    const given = await explain('r1', '--control', url, '--token', 'hush-hush');
    expect(given.stdout).toMatch(/^Request r1/);
    const env = { SIGNALBOX_CONTROL_TOKEN: 'hush-hush' };
    expect((await runSignalbox(['explain', 'r1', '--control', url], { env })).stdout).toBe(given.stdout);
  });
});

describe('mistakes', () => {
  const failure = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await explain(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    return stderr;
  };

  it('with an id names the latest', async () => {
    const { url } = await openWithTwo();
    expect(await failure('nobody', '--control', url)).toBe(
      `error: no decision or request "nobody" is remembered at ${url}; the latest are\n` +
        '  r2.1  llama to gpu-1 at 2026-01-01T00:00:00.000Z\n' +
        '  r1.1  llama to gpu-1 at 2026-01-01T00:00:00.000Z\n',
    );
  });

  it('before the first decision are told apart', async () => {
    const { url } = await open();
    expect(await failure('nobody', '--control', url)).toContain('; none was made yet\n');
    expect(await failure('--last', '--control', url)).toBe(`error: no decision was made yet at ${url}\n`);
  });

  it('with the token are said', async () => {
    const { url } = await openWithTwo({ token: 'hush-hush' });
    expect(await failure('r1', '--control', url)).toContain(
      'give it with --token or in SIGNALBOX_CONTROL_TOKEN',
    );
    expect(await failure('r1', '--control', url, '--token', 'x')).toContain(
      'does not accept this control token',
    );
  });

  it.each([
    [['r1', '--control', 'localhost:8081'], '--control: found "localhost:8081", allowed is a URL'],
    [[], 'name one decision or request, or ask for the latest with --last'],
    [['r1', '--last'], 'name one decision or request, or ask for the latest with --last'],
    [['r1', 'r2'], 'too many arguments'],
  ])('on the command line are said: %j', async (args, message) => {
    expect(await failure(...args)).toContain(message);
  });
});
