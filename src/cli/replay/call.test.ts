import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { type CallRequest, startCall } from './call.ts';

let server: Server | undefined;
let pool: Pool | undefined;

afterEach(async () => {
  await pool?.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  pool = undefined;
});

/** A pool of connections to a server that answers like `listener`. */
async function poolTo(listener: RequestListener): Promise<Pool> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  pool = new Pool(`http://127.0.0.1:${(started.address() as AddressInfo).port}`, { connections: null });
  return pool;
}

function aCall(given: Partial<CallRequest> = {}): CallRequest {
  return { path: '/v1/chat/completions', headers: {}, body: '{}', timeoutMs: 10_000, ...given };
}

const TOKEN = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const ANSWER = `${TOKEN}data: [DONE]\n\n`;
const STREAM = { 'content-type': 'text/event-stream; charset=utf-8' };

describe('startCall', () => {
  it('sends the body as a POST with the headers, and tells what came', async () => {
    let seen: unknown;
    const to = await poolTo(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen = { method: request.method, url: request.url, tenant: request.headers['x-tenant'], body };
      response.writeHead(200, { ...STREAM, 'x-signalbox-instance': 'gpu-1', 'x-signalbox-queue-ms': '3.25' });
      response.end(ANSWER);
    });
    const before = performance.now();
    const outcome = await startCall(to, aCall({ headers: { 'x-tenant': 'blue' }, body: '{"a":1}' })).outcome;
    expect(seen).toEqual({ method: 'POST', url: '/v1/chat/completions', tenant: 'blue', body: '{"a":1}' });
    expect(outcome).toMatchObject({ type: 'completed', outputTokens: 1, instanceId: 'gpu-1', queueMs: 3.25 });
    expect(outcome.endAtMs).toBeGreaterThan(before);
  });

  it('uses one connection for calls that follow each other, also after errors', async () => {
    const connections = new Set<unknown>();
    let count = 0;
    const to = await poolTo((request, response) => {
      connections.add(request.socket);
      request.resume();
      count += 1;
      if (count === 2) response.writeHead(429).end('{"error":{"message":"full","code":"queue_full"}}');
      else response.writeHead(200, STREAM).end(ANSWER);
    });
    const types = [];
    for (let call = 0; call < 4; call += 1) {
      types.push((await startCall(to, aCall()).outcome).type);
      // The pool takes a connection back in its next turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(types).toEqual(['completed', 'failed', 'completed', 'completed']);
    expect(connections.size).toBe(1);
  });

  it('opens as many connections as there are calls at once', async () => {
    const waiting: (() => void)[] = [];
    const to = await poolTo((_request, response) => {
      waiting.push(() => response.writeHead(200, STREAM).end(ANSWER));
      if (waiting.length === 20) for (const answer of waiting) answer();
    });
    const calls = Array.from({ length: 20 }, () => startCall(to, aCall()));
    const outcomes = await Promise.all(calls.map((call) => call.outcome));
    expect(outcomes.every(({ type }) => type === 'completed')).toBe(true);
  });

  it('passes over interim answers', async () => {
    const to = await poolTo((_request, response) => {
      response.writeProcessing();
      response.writeHead(200, STREAM).end(ANSWER);
    });
    expect(await startCall(to, aCall()).outcome).toMatchObject({ type: 'completed' });
  });

  it('tells where a failed request ran, too', async () => {
    const to = await poolTo((_request, response) => {
      response.writeHead(502, { 'x-signalbox-instance': 'gpu-2', 'x-signalbox-queue-ms': 'odd' }).end();
    });
    expect(await startCall(to, aCall()).outcome).toMatchObject({
      type: 'failed',
      failure: { kind: 'http', status: 502 },
      instanceId: 'gpu-2',
      queueMs: undefined,
    });
  });

  it('reads no more of an error than tells what it is', async () => {
    const to = await poolTo((_request, response) => response.writeHead(500).end('x'.repeat(5_000_000)));
    const outcome = await startCall(to, aCall()).outcome;
    expect(outcome).toMatchObject({ type: 'failed', failure: { kind: 'http', status: 500 } });
  });

  it('fails what cannot even be sent', async () => {
    const to = await poolTo((_request, response) => response.end());
    const outcome = await startCall(to, aCall({ headers: { 'bad name': 'x' } })).outcome;
    expect(outcome).toMatchObject({ type: 'failed', failure: { kind: 'disconnected' } });
  });
});

describe('abort', () => {
  it('ends a call whose connection is not made yet, and never makes the request', async () => {
    let requests = 0;
    const to = await poolTo((_request, response) => {
      requests += 1;
      response.writeHead(200, STREAM).end(ANSWER);
    });
    const call = startCall(to, aCall());
    call.abort();
    expect(await call.outcome).toMatchObject({ type: 'aborted' });
    expect(await startCall(to, aCall()).outcome).toMatchObject({ type: 'completed' });
    expect(requests).toBe(1);
  });

  it('drops a stream that is running', async () => {
    const closed = Promise.withResolvers<boolean>();
    const begun = Promise.withResolvers<void>();
    const to = await poolTo((_request, response) => {
      response.writeHead(200, STREAM).write(TOKEN);
      response.on('close', () => closed.resolve(response.writableFinished));
      begun.resolve();
    });
    const call = startCall(to, aCall());
    await begun.promise;
    call.abort();
    expect(await call.outcome).toMatchObject({ type: 'aborted' });
    expect(await closed.promise).toBe(false);
  });

  it('changes nothing about a call that has ended, nor about the next on its connection', async () => {
    const to = await poolTo((_request, response) => response.writeHead(200, STREAM).end(ANSWER));
    const first = startCall(to, aCall());
    const outcome = await first.outcome;
    const second = startCall(to, aCall());
    first.abort();
    expect(await first.outcome).toBe(outcome);
    expect(await second.outcome).toMatchObject({ type: 'completed' });
  });
});

describe('the timeout', () => {
  it('bounds the wait for a connection as well', async () => {
    pool = new Pool('http://127.0.0.1:9', { connections: null, connect: () => undefined });
    const outcome = await startCall(pool, aCall({ timeoutMs: 50 })).outcome;
    expect(outcome).toMatchObject({ type: 'failed', failure: { kind: 'timeout' } });
  });

  it('is over with the call', async () => {
    const to = await poolTo((_request, response) => response.writeHead(200, STREAM).end(ANSWER));
    const call = startCall(to, aCall({ timeoutMs: 100 }));
    const outcome = await call.outcome;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await call.outcome).toBe(outcome);
    expect(await startCall(to, aCall()).outcome).toMatchObject({ type: 'completed' });
  });
});
