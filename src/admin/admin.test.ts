import { connect } from 'node:net';
import { createRoute, z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../domain/index.ts';
import { type ControlRoom, controlRooms, failure, openControlRoom } from './__fixtures__/control-room.ts';
import { createAdmin } from './admin.ts';
import type { AdminOptions, MountableRoutes } from './options.ts';

const open = controlRooms();

describe('what is not there', () => {
  it('answers 404 and names the paths', async () => {
    const room = await open();
    const error = await failure(room, '/admin/instance');
    expect(error).toMatchObject({ status: 404, code: 'unknown_path' });
    expect(error.message).toContain('Nothing is at /admin/instance; there are /, /admin/config, ');
  });

  it('answers 405 and names the methods', async () => {
    const room = await open();
    const error = await failure(room, '/admin/instances', { method: 'DELETE' });
    expect(error).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(error.message).toBe('/admin/instances does not answer DELETE; it answers GET and HEAD.');
    expect(error.headers.get('allow')).toBe('GET, HEAD');
    expect((await failure(room, '/admin/reload')).headers.get('allow')).toBe('POST');
  });

  it('answers HEAD like GET, without a body', async () => {
    const room = await open();
    const answer = await room.call('/admin/queue', { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it('does not repeat a path of any length', async () => {
    const room = await open();
    const error = await failure(room, `/${'x'.repeat(5000)}`);
    expect(error.status).toBe(404);
    expect(error.message.length).toBeLessThan(600);
  });
});

describe('failures of our own', () => {
  it('say nothing of their inside, and are told to whoever wants to know', async () => {
    const told: unknown[] = [];
    const failing = new Error('secret inside');
    const room = await open({
      metricsText: () => Promise.reject(failing),
      onInternalError: (error) => void told.push(error),
    });
    expect(await failure(room, '/metrics')).toMatchObject({
      status: 500,
      code: 'internal_error',
      message: 'The gateway failed to handle this request.',
    });
    expect(told).toEqual([failing]);
  });
});

describe('mounted routes of other rooms', () => {
  const select: MountableRoutes = {
    name: 'select',
    mount(app) {
      const request = { query: z.object({ model: z.string('a model name') }) };
      const responses = {
        200: {
          description: 'Where to',
          content: { 'application/json': { schema: z.object({ to: z.string() }) } },
        },
      };
      app.openapi(
        createRoute({ method: 'get', path: '/scheduler/select', operationId: 'select', request, responses }),
        (context) => {
          if (context.req.valid('query').model === 'busy')
            throw new SignalboxError('queue_full', 'full', { retryAfterMs: 1500 });
          return context.json({ to: 'gpu-1' }, 200);
        },
      );
    },
  };

  it('answer on the same listener and are part of its description', async () => {
    const room = await open({ routes: [select] });
    expect((await room.call('/scheduler/select?model=llama')).json()).toEqual({ to: 'gpu-1' });
    const api = (await room.call('/openapi.json')).json<{ paths: Record<string, unknown> }>();
    expect(Object.keys(api.paths)).toContain('/scheduler/select');
  });

  it('fail in the same shape, and are guarded', async () => {
    const room = await open({ routes: [select], token: 'hush-hush' });
    const headers = { authorization: 'Bearer hush-hush' };
    const answer = await fetch(`${room.url}/scheduler/select`, { headers });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        error: {
          message: 'model: found nothing, allowed is a model name.',
          type: 'invalid_request_error',
          param: 'model',
          code: 'invalid_value',
        },
      },
    ]);
    const full = await fetch(`${room.url}/scheduler/select?model=busy`, { headers });
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '2']);
    expect((await fetch(`${room.url}/scheduler/select?model=llama`)).status).toBe(401);
  });
});

describe('the socket', () => {
  /** What the listener answers to these very bytes. */
  async function raw(room: ControlRoom, bytes: string): Promise<string> {
    const { port } = new URL(room.url);
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      socket.on('close', () => resolve(answer)).on('error', reject);
    });
  }

  it.each(['HTTP/1.0', 'HTTP/1.1'])(
    'answers %s that names no host, as load balancers ask',
    async (version) => {
      const room = await open();
      const answer = await raw(room, `GET /health ${version}\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      const evil = await raw(room, `GET /health ${version}\r\nHost: evil.test\r\nConnection: close\r\n\r\n`);
      expect(evil).toMatch(/^HTTP\/1\.1 403 /);
    },
  );

  it('answers bad HTTP in our shape', async () => {
    const room = await open();
    const answer = await raw(room, 'NOT HTTP AT ALL\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'bad_http' } });
  });

  it('answers a request line that is too large in our shape', async () => {
    const room = await open();
    const answer = await raw(room, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'headers_too_large' } });
  });

  it('reports an address that is taken', async () => {
    const room = await open();
    const { port } = new URL(room.url);
    await expect(openControlRoom({ port: Number(port) })).rejects.toThrow('EADDRINUSE');
  });

  it('is gone after it was closed, even with a connection open', async () => {
    const room = await openControlRoom();
    await room.call('/health');
    await room.close();
    await expect(fetch(`${room.url}/health`)).rejects.toThrow();
  });

  it('refuses to be open to other machines without a token, before it listens', () => {
    const options = { version: '1', scheduler: {}, decisions: {}, metricsText: async () => '' };
    expect(() => createAdmin({ ...options, host: '0.0.0.0' } as unknown as AdminOptions)).toThrow(
      'found host "0.0.0.0" and no token',
    );
  });
});
