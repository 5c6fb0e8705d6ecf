import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ControlRoom, controlRooms } from '../__fixtures__/control-room.ts';
import type { AdminOptions } from '../options.ts';

const openEmpty = controlRooms();

async function open(options: Partial<AdminOptions> = {}): Promise<ControlRoom> {
  const room = await openEmpty(options);
  room.addInstance({ id: 'gpu-1' });
  return room;
}

interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call whose `Host` and `Origin` may be anything, which `fetch` would not allow. */
function call(room: ControlRoom, path: string, { method = 'GET', headers = {} }: Call = {}) {
  return new Promise<{ status: number; code: string | undefined; authenticate: string | undefined }>(
    (resolve, reject) => {
      const sent = request(room.url + path, { method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const isError = response.statusCode! >= 400 && text !== '';
          resolve({
            status: response.statusCode!,
            code: isError ? JSON.parse(text).error.code : undefined,
            authenticate: response.headers['www-authenticate'],
          });
        });
      });
      sent.on('error', reject).end();
    },
  );
}

const asHost = (host: string): Call => ({ headers: { host } });
const withToken = (token: string): Call => ({ headers: { authorization: `Bearer ${token}` } });

describe('the Host header on a loopback address', () => {
  it.each(['127.0.0.1:8081', 'localhost', 'localhost:8081', 'LocalHost:1', '[::1]:8081'])(
    'may be %s',
    async (host) => {
      expect((await call(await open(), '/admin/instances', asHost(host))).status).toBe(200);
    },
  );

  it.each(['evil.test', 'evil.test:8081', 'localhost.evil.test', '127.0.0.1.evil.test', '10.0.0.1'])(
    'may not be %s: a page of that name could read what is here (DNS rebinding)',
    async (host) => {
      const room = await open();
      for (const path of ['/', '/metrics', '/admin/instances', '/health', '/nowhere']) {
        expect(await call(room, path, asHost(host)), path).toMatchObject({ status: 403, code: 'forbidden' });
      }
    },
  );

  it('may be a name that was allowed', async () => {
    const room = await open({ allowedHosts: ['Box.internal'] });
    expect((await call(room, '/admin/queue', asHost('box.internal:8081'))).status).toBe(200);
    expect((await call(room, '/admin/queue', asHost('other.internal'))).status).toBe(403);
  });

  it('may be anything on an open address that asks for a token: who knows the token may come', async () => {
    const room = await open({ host: '0.0.0.0', token: 'hush-hush' });
    const headers = { host: 'box.example', authorization: 'Bearer hush-hush' };
    expect((await call(room, '/admin/queue', { headers })).status).toBe(200);
  });
});

describe('the Origin of what changes something', () => {
  const drain = (headers: Readonly<Record<string, string>>): Call => ({ method: 'POST', headers });
  const path = '/admin/instances/gpu-1/drain';

  it.each([
    { origin: 'http://evil.test' },
    { origin: 'null' },
    { origin: 'http://localhost:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('may not be foreign: %j', async (headers: Readonly<Record<string, string>>) => {
    const room = await open();
    expect(await call(room, path, drain(headers))).toMatchObject({ status: 403, code: 'forbidden' });
    expect(room.scheduler.instances()[0]?.state).toBe('ready');
  });

  it('may be our own page, or absent as with curl', async () => {
    const room = await open();
    const own = { origin: room.url, 'sec-fetch-site': 'same-origin' };
    expect((await call(room, path, drain(own))).status).toBe(200);
    expect((await call(room, path, drain({}))).status).toBe(200);
  });

  it('does not matter for reading: a browser shows foreign pages none of it', async () => {
    const room = await open();
    expect((await call(room, '/admin/queue', { headers: { origin: 'http://evil.test' } })).status).toBe(200);
    const answer = await fetch(`${room.url}/admin/queue`);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('the token', () => {
  const guarded = ['/metrics', '/admin/instances', '/admin/config', '/nowhere'];

  it.each(guarded)('is asked for at %s', async (path) => {
    const room = await open({ token: 'hush-hush' });
    expect(await call(room, path)).toEqual({
      status: 401,
      code: 'invalid_api_key',
      authenticate: 'Bearer realm="signalbox"',
    });
    expect((await call(room, path, withToken('hush-hush'))).status).not.toBe(401);
  });

  it.each(['/health', '/ready', '/', '/docs', '/openapi.json'])('is not asked for at %s', async (path) => {
    expect((await call(await open({ token: 'hush-hush' }), path)).status).toBe(200);
  });

  it.each(['hush-hus', 'hush-hush-hush', 'HUSH-HUSH', ' ', 'undefined'])('is not %j', async (token) => {
    const room = await open({ token: 'hush-hush' });
    expect((await call(room, '/admin/queue', withToken(token))).status).toBe(401);
  });

  it('comes as a bearer token, not as basic credentials and not in the address', async () => {
    const room = await open({ token: 'hush-hush' });
    const basic = { headers: { authorization: `Basic ${btoa('x:hush-hush')}` } };
    expect((await call(room, '/admin/queue', basic)).status).toBe(401);
    expect((await call(room, '/admin/queue?token=hush-hush')).status).toBe(401);
    expect(
      (await call(room, '/admin/queue', { headers: { authorization: 'bearer  hush-hush ' } })).status,
    ).toBe(200);
  });

  it('cannot be walked around by writing a path in another way', async () => {
    const room = await open({ token: 'hush-hush' });
    for (const path of [
      '//admin/queue',
      '/health/../admin/queue',
      '/%61dmin/queue',
      '/health%2f..%2fadmin/queue',
    ]) {
      const { status } = await call(room, path);
      expect([401, 404], path).toContain(status);
    }
  });
});
