import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startSimulatedEngine } from '../../src/engines/simulated/index.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { openDirectory } from './support/files.ts';
import { ofTokens } from './support/requests.ts';
import { runSignalbox } from './support/signalbox.ts';
import { FREE_PORTS, openUps, type Up } from './support/up.ts';

const startUp = openUps();
const writeFile = openDirectory();
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Runs what a reader of the banner would paste. */
function paste(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', command], (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

async function listenSomewhere(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer();
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const idsOf = async (up: Up) =>
  (await up.admin<{ instances: { id: string }[] }>('/admin/instances')).instances.map(({ id }) => id);

describe('started without a file', () => {
  it('serves simulated engines, says that they are, and prints a curl that works when pasted', async () => {
    const up = await startUp(FREE_PORTS);
    const banner = up.stderr();
    expect(banner).toContain('no API key asked for');
    expect(banner).toContain('simulated: the timing is modelled, the words are made up');
    expect(banner.match(/simulates llama-3-8b@(h100|a100), serves llama-3-8b/g)).toHaveLength(4);
    expect((await fetch(`${up.dataUrl}/ready`)).status).toBe(200);

    const curl = /^ +(curl .*)$/m.exec(banner)![1]!;
    const answer = await paste(curl.replace('curl ', 'curl -sS --max-time 15 '));
    expect(answer).toMatch(/^data: \{.*"chat\.completion\.chunk"/);
    expect(answer).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('serves on each of its engines, each request counted', async () => {
    const up = await startUp([...FREE_PORTS, '--routing', 'round-robin']);
    const calls = await Promise.all(Array.from({ length: 8 }, () => up.chat(ofTokens(1))));
    const instances = calls.map(({ headers }) => headers.get('x-signalbox-instance'));
    expect([...new Set(instances)].sort()).toEqual(['fast-1', 'fast-2', 'slow-1', 'slow-2']);
    const total = [...(await up.metrics()).matchAll(/^signalbox_requests_total\{.*\} (\d+)$/gm)];
    expect(total.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(8);
  });
});

describe('started with a file', () => {
  it('serves what it says', async () => {
    const file = await writeFile(
      'signalbox.yaml',
      [
        'listeners: { data: { port: 0 }, control: { port: 0 } }',
        'instances:',
        '  - { id: sim, simulate: llama-3-8b@h100, count: 2, models: [tiny], speed: 50 }',
        'aliases: { small: tiny }',
      ].join('\n'),
    );
    const up = await startUp(['-c', file]);
    expect(await idsOf(up)).toEqual(['sim-1', 'sim-2']);
    const models = (await (await fetch(`${up.dataUrl}/v1/models`)).json()) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(['tiny', 'small']);
    const response = await up.chat(ofTokens(3, { model: 'small' }));
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { usage: { completion_tokens: 3 } },
    ]);
  });

  it('that another listener stands in the way of says which, and ends with 1', async () => {
    const { port } = await listenSomewhere();
    for (const args of [
      ['--port', String(port), '--control-port', '0'],
      ['--port', '0', '--control-port', String(port)],
    ]) {
      const { exitCode, stderr } = await runSignalbox(['up', ...args]);
      expect(stderr).toMatch(new RegExp(`^error: .*127\\.0\\.0\\.1:${port}.*in use`, 'm'));
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(exitCode).toBe(1);
    }
  });

  it('on an address that others reach, without keys, is refused', async () => {
    const { exitCode, stderr } = await runSignalbox(['up', ...FREE_PORTS, '--host', '0.0.0.0']);
    expect(stderr).toMatch(/listeners\.data\.host.*0\.0\.0\.0.*reachable from other machines/);
    expect(exitCode).toBe(1);
  });

  it('on such an address with --open is not', async () => {
    const up = await startUp([...FREE_PORTS, '--host', '0.0.0.0', '--open']);
    expect((await fetch(`${up.dataUrl}/health`)).status).toBe(200);
  });
});

describe('started with --upstream', () => {
  it('prints what was found behind each address', async () => {
    const vllm = await startSimulatedEngine({ speed: 50, model: 'one' });
    const llamacpp = await startSimulatedEngine({ speed: 50, model: 'two', dialect: 'llamacpp' });
    closers.push(
      () => vllm.close(),
      () => llamacpp.close(),
    );
    const up = await startUp([...FREE_PORTS, '--upstream', vllm.url, '--upstream', `${llamacpp.url}/v1`]);
    const line = ({ url }: { url: string }, what: string) =>
      new RegExp(`^ +${new URL(url).host} +${url} +${what}$`, 'm');
    expect(up.stderr()).toMatch(line(vllm, 'vllm [\\d.]+, serves one'));
    expect(up.stderr()).toMatch(line(llamacpp, 'llamacpp.*, serves two'));
    for (const model of ['one', 'two']) expect((await up.chat(ofTokens(2, { model }))).status).toBe(200);
  });

  it('of an engine that is not there yet serves once it is', async () => {
    const { server, port } = await listenSomewhere();
    await new Promise((resolve) => server.close(resolve));
    const up = await startUp([...FREE_PORTS, '--upstream', `http://127.0.0.1:${port}`]);
    expect(up.stderr()).toMatch(/not reached yet: .*; asked again and again/);
    const early = await up.chat(ofTokens(1));
    expect([early.status, await early.json()]).toMatchObject([
      503,
      { error: { code: 'no_instance_available' } },
    ]);
    expect(early.headers.get('retry-after')).toMatch(/^[1-9]/);
    expect((await fetch(`${up.dataUrl}/ready`)).status).toBe(503);

    const engine = await startSimulatedEngine({ port, speed: 50 });
    closers.push(() => engine.close());
    await eventually(async () => expect((await up.chat(ofTokens(1))).status).toBe(200));
    expect(await idsOf(up)).toEqual([`127.0.0.1:${port}`]);
    expect((await fetch(`${up.dataUrl}/ready`)).status).toBe(200);
  });
});
