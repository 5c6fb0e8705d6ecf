import { connect } from 'node:net';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterEach, describe, expect, it } from 'vitest';
import { anApi, bodyOf, named, said } from '../__fixtures__/pools.ts';
import { createSelectRoutes } from './mount.ts';
import { MAX_BODY_BYTES, SELECT_ROUTES } from './routes.ts';
import type { SelectApi } from './select-api.ts';
import { createSelectServer, type SelectServer } from './server.ts';

const servers: SelectServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(api: SelectApi, onInternalError?: (error: unknown) => void): Promise<string> {
  const server = createSelectServer({ api, port: 0, ...(onInternalError && { onInternalError }) });
  servers.push(server);
  return server.listen();
}

/** Sends bytes and returns the pieces that come back until the other side closes. */
function exchange(url: string, request: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const pieces: string[] = [];
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request));
    socket.on('data', (piece) => pieces.push(piece.toString('latin1')));
    socket.on('close', () => resolve(pieces));
    socket.on('error', reject);
  });
}

function rawSelect(version: string, headers = ''): string {
  const body = bodyOf(named(1));
  return (
    `POST /scheduler/select HTTP/${version}\r\nHost: signalbox\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n${headers}\r\n${body}`
  );
}

describe('the listener of its own', () => {
  it.each(['1.0', '1.1'])(
    'answers HTTP/%s in one piece of less than 1,000 bytes and closes',
    async (version) => {
      const url = await serve(anApi([said(0, 0.2)]).api);
      const pieces = await exchange(url, rawSelect(version, 'x-signalbox-explain: 1\r\n'));
      expect(pieces).toHaveLength(1);
      const [head, body] = pieces[0]!.split('\r\n\r\n');
      expect(pieces[0]!.length).toBeLessThan(1_000);
      expect(body).toBe('10.0.0.1:8001');
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(head).toMatch(/content-length: 13/i);
      expect(head).toMatch(/connection: close/i);
      expect(head).not.toMatch(/transfer-encoding/i);
      expect(head).toMatch(/x-signalbox-reason: score 0.9/);
    },
  );

  it('does not mind what the body says it is', async () => {
    const url = await serve(anApi([said(0, 0.2)]).api);
    const answer = await fetch(`${url}/scheduler/select`, { method: 'POST', body: bodyOf(named(1)) });
    expect([answer.status, await answer.text()]).toEqual([200, '10.0.0.1:8001']);
  });

  it('answers a question that names no host', async () => {
    const url = await serve(anApi([said(0, 0.2)]).api);
    const [answer] = await exchange(url, rawSelect('1.1').replace('Host: signalbox\r\n', ''));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*10\.0\.0\.1:8001$/s);
  });

  it('takes an address that is none for bad HTTP, and not for a failure of its own', async () => {
    const failures: unknown[] = [];
    const url = await serve(anApi([]).api, (error) => failures.push(error));
    const [answer] = await exchange(url, 'GET http://[::1/health HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(failures).toEqual([]);
  });

  it('decodes the names of pools', async () => {
    const url = await serve(anApi([], { fields: { name: 'a b/c', partition: 'T' } }).api);
    const answer = await fetch(`${url}/pools/a%20b%2Fc/T/status`);
    expect([answer.status, await answer.json()]).toMatchObject([200, { name: 'a b/c' }]);
    expect((await fetch(`${url}/pools/%ff/T/status`)).status).toBe(404);
  });

  it.each([
    ['GET', '/nowhere', 404, { detail: 'Not Found' }],
    ['GET', '/pools//Common/status', 404, { detail: 'Not Found' }],
    ['GET', '/scheduler/select', 405, { detail: 'Method Not Allowed' }],
    ['POST', '/health', 405, { detail: 'Method Not Allowed' }],
  ])('refuses %s %s with %d', async (method, path, status, body) => {
    const answer = await fetch((await serve(anApi().api)) + path, { method });
    expect([answer.status, await answer.json()]).toEqual([status, body]);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST/);
  });

  it('refuses a body that is too large, and what is no HTTP', async () => {
    const url = await serve(anApi().api);
    const answer = await fetch(`${url}/scheduler/select`, {
      method: 'POST',
      body: 'x'.repeat(MAX_BODY_BYTES + 1),
    });
    expect(answer.status).toBe(413);
    const [piece] = await exchange(url, 'nonsense\r\n\r\n');
    expect(piece).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('says that something went wrong inside, and tells us what', async () => {
    const { api } = anApi();
    const failures: unknown[] = [];
    const failing = {
      ...api,
      allStatus: () => {
        throw new Error('broken');
      },
    };
    const answer = await fetch(`${await serve(failing, (error) => failures.push(error))}/pools/status`);
    expect([answer.status, await answer.json()]).toEqual([500, { detail: 'Internal Server Error' }]);
    expect(String(failures[0])).toBe('Error: broken');
  });

  it('serves its own health', async () => {
    const answer = await fetch(`${await serve(anApi().api)}/health`);
    expect(await answer.json()).toMatchObject({ status: 'healthy' });
  });
});

describe('the routes on a shared listener', () => {
  const app = new OpenAPIHono();
  const { api } = anApi([said(0, 0.2)]);
  createSelectRoutes(api).mount(app);

  it('answer as those of its own, but leave its health to it', async () => {
    const select = await app.request('/scheduler/select', { method: 'POST', body: bodyOf(named(1)) });
    expect([select.status, await select.text()]).toEqual([200, '10.0.0.1:8001']);
    expect(select.headers.get('content-length')).toBe('13');
    expect(select.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const simple = await app.request('/pools/p/Common/status?simple');
    expect(await simple.text()).toBe('10.0.0.1:8001 0.9000');
    expect((await app.request('/pools/x/y/status')).status).toBe(404);
    expect((await app.request('/health')).status).toBe(404);
    const simulated = await app.request('/pools/p/Common/simulate?iterations=3', {
      method: 'POST',
      body: bodyOf(named(1)),
    });
    expect(await simulated.json()).toEqual({ results: { '10.0.0.1:8001': 3 }, iterations: 3 });
  });

  it('refuse a body that is too large', async () => {
    const body = 'x'.repeat(MAX_BODY_BYTES + 1);
    const headers = { 'content-length': String(body.length) };
    const answer = await app.request('/scheduler/select', { method: 'POST', body, headers });
    expect(answer.status).toBe(413);
  });

  it('are documented', () => {
    const { paths } = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 't', version: '1' } });
    const shared = SELECT_ROUTES.filter(({ isForOwnListener }) => !isForOwnListener);
    expect(Object.keys(paths ?? {})).toHaveLength(shared.length);
    expect(paths?.['/pools/{pool}/{partition}/status']?.get?.parameters).toHaveLength(2);
    expect(paths?.['/scheduler/select']?.post?.requestBody).toBeDefined();
  });
});
