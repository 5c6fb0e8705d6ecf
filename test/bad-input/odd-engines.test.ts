import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { RemoteInstanceConfig } from '../../src/config/index.ts';
import { DONE, json, type Script, token } from '../gateway/support/upstream.ts';
import { type Failure, failureOf } from './support/calls.ts';
import { ANSWER } from './support/engine.ts';
import { eventually, pause } from './support/eventually.ts';
import { failing, HASTY } from './support/hasty.ts';
import { type House, openHouses } from './support/house.ts';

const startHouse = openHouses();

describe('an engine that answers 429', () => {
  const full = (headers: Record<string, string> = {}) =>
    json({ error: { message: 'full', type: 'x', code: 'full', param: null } }, 429, headers);

  it('is asked again after a rest, as nothing failed', async () => {
    const house = await startHouse([full()], { config: HASTY });
    const answer = house.chat();
    await eventually(() => expect(house.engine.calls.length).toBeGreaterThan(1));
    house.engine.script = ANSWER;
    expect((await answer).status).toBe(200);
    expect(await house.admin('/admin/instances/e0')).toMatchObject({
      state: 'ready',
      consecutiveFailures: 0,
    });
    expect(await house.metrics()).not.toMatch(/^signalbox_retries_total\{.*\} [1-9]/m);
  });

  it('is left alone for as long as its Retry-After says, while others serve', async () => {
    const house = await startHouse([full({ 'retry-after': '30' }), ANSWER], {
      config: { ...HASTY, routing: 'round-robin' },
    });
    for (let call = 0; call < 5; call += 1) {
      const response = await house.chat();
      expect([response.status, response.headers.get('x-signalbox-instance')]).toEqual([200, 'e1']);
    }
    expect(house.engines[0]!.calls).toHaveLength(1);
  });

  it('has its Retry-After kept: the request waits that long and no longer', async () => {
    const house = await startHouse([full({ 'retry-after': '1' })], { config: HASTY });
    const sentAtMs = performance.now();
    const answer = house.chat();
    await eventually(() => expect(house.engine.calls).toHaveLength(1));
    house.engine.script = ANSWER;
    expect((await answer).status).toBe(200);
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(990);
    expect(house.engine.calls).toHaveLength(2);
  });

  it('to no end keeps a request only until its deadline', async () => {
    const house = await startHouse([full()], { config: HASTY });
    const response = await house.chat({}, { headers: { 'x-signalbox-deadline-ms': '400' } });
    expect(await failureOf(response)).toMatchObject({
      status: 504,
      error: { code: 'deadline_exceeded', type: 'timeout_error' },
    });
  });
});

describe('an engine that sends 1 GB', () => {
  const GIGABYTE = 1e9;
  const PIECE = Buffer.from(`data: {"choices":[{"delta":{"content":"${'x'.repeat(249_900)}"}}]}\n\n`);

  const gigabyte: Script = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const more = () => {
      while (sent < GIGABYTE && !response.destroyed) {
        sent += PIECE.length;
        if (!response.write(PIECE)) {
          response.once('drain', more);
          return;
        }
      }
      response.end(token('', 'stop') + DONE);
    };
    more();
  };

  it('has it passed on to the last byte, in bounded memory', { timeout: 60_000 }, async () => {
    const house = await startHouse([gigabyte]);
    const response = await house.chat({ stream: true });
    const before = process.memoryUsage.rss();
    let received = 0;
    let mostGrown = 0;
    let last = '';
    for await (const bytes of response.body!) {
      // A moment in which all of it would come, if nobody held the engine back.
      if (received === 0) await pause(800);
      received += bytes.length;
      mostGrown = Math.max(mostGrown, process.memoryUsage.rss() - before);
      last = Buffer.from(bytes.slice(-20)).toString();
    }
    expect(received).toBeGreaterThan(GIGABYTE);
    expect(last.endsWith(DONE)).toBe(true);
    expect(mostGrown).toBeLessThan(250e6);
  });
});

/** What an instance answers that listens at `url` in place of the first engine. */
async function failureAt(house: House, url: string): Promise<Failure> {
  const { config } = house.app;
  const [first, ...others] = config.instances;
  await house.app.apply({ ...config, instances: [{ ...first, url } as RemoteInstanceConfig, ...others] });
  try {
    return await failing(house, false);
  } finally {
    await house.app.apply(config);
  }
}

/** Listens on a free port, with `words` for whoever says something. */
async function startTalker(words: string): Promise<{ url: string; close(): Promise<unknown> }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => socket.write(words));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('at an address', () => {
  it('where nobody listens, the call ends with 502 upstream_unreachable', async () => {
    const house = await startHouse([ANSWER], { config: HASTY });
    const { url, close } = await startTalker('');
    await close();
    expect(await failureAt(house, url)).toMatchObject({
      status: 502,
      error: { code: 'upstream_unreachable', type: 'server_error' },
    });
  });

  it.each([
    ['no HTTP is spoken', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['two lengths are given', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
    ['headers have no end', `HTTP/1.1 200 OK\r\nx-long: ${'a'.repeat(200_000)}`],
  ])('where %s, it ends with 502 upstream_invalid_response', async (_, words) => {
    const house = await startHouse([ANSWER], { config: HASTY });
    const { url, close } = await startTalker(words);
    expect(await failureAt(house, url)).toMatchObject({
      status: 502,
      error: { code: 'upstream_invalid_response' },
    });
    await close();
  });
});
