import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  aFastEngine,
  aServer,
  chat,
  endOf,
  json,
  rawExchange,
  scripted,
  until,
} from './__fixtures__/serving.ts';
import { createEngineServer } from './server.ts';

const request = (path: string, body: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', body].join('\r\n');

describe('listening', () => {
  it('tells its address, which it has only then', async () => {
    const server = createEngineServer({ engine: aFastEngine(), dialect: 'vllm' });
    expect(server.url).toBe('');
    const url = await server.listen({ port: 0, host: '127.0.0.1' });
    expect(server.url).toBe(url);
    await server.close();
  });

  it('writes IPv6 addresses as URLs have them', async () => {
    const server = createEngineServer({ engine: aFastEngine(), dialect: 'vllm' });
    const url = await server.listen({ host: '::1' });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    await server.close();
  });

  it('fails with the reason when the port is taken', async () => {
    const { url } = await aServer();
    const second = createEngineServer({ engine: aFastEngine(), dialect: 'vllm' });
    await expect(second.listen({ port: Number(new URL(url).port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

describe('closing', () => {
  it('closes the engine too, once nobody needs it any more', async () => {
    let isClosed = false;
    let isAsked = false;
    const engine = scripted(
      async function* () {
        isAsked = true;
        await new Promise((resolve) => setTimeout(resolve, 50));
        yield { type: 'token', text: isClosed ? 'too late' : 'in time', tokenCount: 1 };
        yield endOf('stop', 1);
      },
      {
        close: async () => {
          isClosed = true;
        },
      },
    );
    const server = createEngineServer({ engine, dialect: 'vllm' });
    const url = await server.listen();
    const answer = json(chat(url));
    await until(() => isAsked);
    await server.close(600_000);
    expect((await answer).choices[0]!.message!.content).toBe('in time');
    expect(isClosed).toBe(true);
  });

  it('cuts off what takes longer than the grace', async () => {
    const engine = aFastEngine(0.01);
    const server = createEngineServer({ engine, dialect: 'vllm' });
    const url = await server.listen();
    const outcome = chat(url, { max_tokens: 5000, ignore_eos: true }).catch((error: Error) => error.name);
    await until(() => engine.gauges().runningRequests === 1);
    await server.close(20);
    expect(await outcome).toBe('TypeError');
  });

  it('does not wait for idle connections that are kept alive', async () => {
    const server = createEngineServer({ engine: aFastEngine(), dialect: 'vllm' });
    const url = await server.listen();
    const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) });
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await server.close(60_000);
    await gone;
  });
});

describe('odd clients', () => {
  it('that send one byte after the other are served all the same', async () => {
    const { url } = await aServer();
    const bytes = request('/v1/completions', '{"prompt":"x","max_tokens":1}', 'content-length: 29');
    const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) });
    let received = '';
    socket.on('data', (piece) => {
      received += String(piece);
    });
    for (const byte of bytes) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => socket.once('close', resolve));
    expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('that send a body in chunks are understood', async () => {
    const { url } = await aServer();
    const body = '10\r\n{"prompt":"hello\r\n14\r\n", "max_tokens": 1 }\r\n0\r\n\r\n';
    expect(await rawExchange(url, request('/v1/completions', body, 'transfer-encoding: chunked'))).toMatch(
      /^HTTP\/1\.1 200 OK/,
    );
  });

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n'],
    ['two lengths at once', request('/health', '', 'content-length: 5', 'transfer-encoding: chunked')],
    ['a broken chunk', request('/v1/completions', 'zz\r\n', 'transfer-encoding: chunked')],
  ])('that send %s get 400', async (_, bytes) => {
    const { url } = await aServer();
    expect(await rawExchange(url, bytes)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('that go away in the middle of their body leave nothing behind', async () => {
    const engine = aFastEngine();
    const { url } = await aServer({ engine });
    const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) });
    socket.write(request('/v1/completions', '{"prompt":', 'content-length: 1000'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    expect((await chat(url, { max_tokens: 1 })).status).toBe(200);
    expect(engine.gauges()).toMatchObject({ runningRequests: 0, waitingRequests: 0 });
  });

  it('that never read are not answered into ever growing memory, and leave nothing behind', async () => {
    let asked = 0;
    let isOver = false;
    const engine = scripted(async function* ({ signal }) {
      try {
        for (; !signal.aborted; asked++) yield { type: 'token', text: 'x'.repeat(65_536), tokenCount: 1 };
        yield endOf('abort', asked);
      } finally {
        isOver = true;
      }
    });
    const { url } = await aServer({ engine });
    const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) });
    socket.pause();
    const body = '{"prompt":"x","stream":true}';
    socket.write(request('/v1/completions', body, `content-length: ${body.length}`));
    let before = -1;
    while (asked === 0 || asked !== before) {
      before = asked;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(asked).toBeLessThan(1000);
    socket.destroy();
    await until(() => isOver);
  });

  it('that ask with a body of more than 64 MiB get 413', async () => {
    const { url } = await aServer();
    const piece = 'x'.repeat(1024 * 1024);
    const body = `{"prompt":"${piece.repeat(65)}"}`;
    const response = await fetch(`${url}/v1/completions`, { method: 'POST', body }).catch(() => undefined);
    // Node breaks off an upload that nobody reads to its end; which comes first, the answer or that, is open.
    if (response !== undefined) expect(response.status).toBe(413);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('with prompts of 31 MiB are told that they are too long', async () => {
    const { url } = await aServer();
    const response = await chat(url, { messages: [{ role: 'user', content: 'x'.repeat(31 * 1024 * 1024) }] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('maximum context length');
  });
});
