import { createServer as createTlsServer } from 'node:https';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type FixturePage, type PageServer, startPageServer, until } from '../__fixtures__/page-server.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../__fixtures__/tls.ts';
import {
  createPageClient,
  type PageClient,
  type PageClientOptions,
  type PageRequest,
} from './page-client.ts';

const MIB = 1024 * 1024;
let server: PageServer | undefined;
let client: PageClient;

async function get(page: FixturePage, how: Partial<PageRequest> = {}, options: PageClientOptions = {}) {
  server = await startPageServer({ '/page': page });
  client = createPageClient(options);
  return client.get({ url: `${server.url}/page`, timeoutMs: 5000, maxBytes: MIB, ...how });
}

afterEach(async () => {
  await client.close();
  await server?.close();
  server = undefined;
});

describe('a page that is well', () => {
  it('comes as bytes', async () => {
    const outcome = await get('m 1\n');
    expect(outcome).toMatchObject({ ok: true, status: 200 });
    expect(outcome.ok && outcome.body.toString()).toBe('m 1\n');
  });

  it('may be empty', async () => {
    const outcome = await get(204);
    expect(outcome.ok && outcome.body.length).toBe(0);
  });

  it('may come in many pieces', async () => {
    const outcome = await get((_request, response) => {
      for (let piece = 0; piece < 100; piece++) response.write(`m{n="${piece}"} 1\n`);
      response.end();
    });
    expect(outcome.ok && outcome.body.toString().split('\n')).toHaveLength(101);
  });

  it.each([
    ['gzip', gzipSync('m 1\n')],
    ['deflate', deflateSync('m 1\n')],
    ['identity', Buffer.from('m 1\n')],
    ['GZIP', gzipSync('m 1\n')],
  ])('may be encoded as %s', async (encoding, bytes) => {
    const outcome = await get((_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bytes),
    );
    expect(outcome.ok && outcome.body.toString()).toBe('m 1\n');
  });

  it('is asked for with the given headers', async () => {
    await get('m 1\n', { headers: { authorization: 'Bearer abc' } });
    await client.get({ url: `${server!.url}/page`, timeoutMs: 5000, maxBytes: MIB });
    expect(server!.requests[0]?.headers.authorization).toBe('Bearer abc');
    expect(server!.requests[1]?.headers.authorization).toBeUndefined();
  });

  it('is asked for again over the connections there are', async () => {
    await get('m 1\n');
    const ports = new Set<number | undefined>();
    for (let again = 0; again < 20; again++) {
      await client.get({ url: `${server!.url}/page`, timeoutMs: 5000, maxBytes: MIB });
      ports.add(server!.requests.at(-1)?.socket.remotePort);
    }
    expect(ports.size).toBeLessThanOrEqual(4);
  });
});

describe('a page that is not well', () => {
  it.each([400, 401, 404, 500, 503])('answers %i', async (status) => {
    const outcome = await get((_request, response) => response.writeHead(status).end('{"error":"why"}'));
    expect(outcome).toMatchObject({ ok: false, reason: 'status', status, body: '{"error":"why"}' });
    expect(!outcome.ok && outcome.message).toBe(`GET ${server!.url}/page: answered ${status}`);
  });

  it('keeps only the beginning of an error’s body', async () => {
    const outcome = await get((_request, response) => response.writeHead(500).end('x'.repeat(100_000)));
    expect(!outcome.ok && outcome.body).toHaveLength(512);
  });

  it('redirects, which is not followed', async () => {
    const outcome = await get((_request, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    );
    expect(outcome).toMatchObject({ ok: false, reason: 'redirect', status: 302 });
    expect(!outcome.ok && outcome.message).toContain('redirected (302) to http://169.254.169.254/latest');
  });

  it('sends headers and hangs', async () => {
    const outcome = await get((_request, response) => void response.write('m 1\n'), { timeoutMs: 100 });
    expect(outcome).toMatchObject({ ok: false, reason: 'timeout' });
    expect(!outcome.ok && outcome.message).toContain('no complete answer within 100 ms');
    await until(() => server!.openSockets() === 0, 'the hanging connection is closed');
  });

  it('never answers', async () => {
    expect(await get(() => {}, { timeoutMs: 100 })).toMatchObject({ ok: false, reason: 'timeout' });
  });

  it('is too large, as it says itself or as it turns out', async () => {
    const outcome = await get((_request, response) => response.end('x'.repeat(10 * MIB)));
    expect(outcome).toMatchObject({ ok: false, reason: 'too-large', status: 200 });
    expect(!outcome.ok && outcome.message).toContain(`larger than ${MIB} bytes`);
  });

  it('never ends, and is read no further than allowed', async () => {
    let sent = 0;
    const outcome = await get((_request, response) => {
      const piece = 'x'.repeat(64 * 1024);
      const send = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
      };
      response.on('drain', send);
      send();
    });
    expect(outcome).toMatchObject({ ok: false, reason: 'too-large' });
    await until(() => server!.openSockets() === 0, 'the connection is closed');
    // What the sockets' buffers took besides is far less than this.
    expect(sent).toBeLessThan(32 * MIB);
  });

  it('is a small gzip of something huge', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * MIB));
    expect(bomb.length).toBeLessThan(MIB);
    const outcome = await get((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect(outcome).toMatchObject({ ok: false, reason: 'encoding' });
  });

  it.each([
    ['br', 'content encoding "br" is not understood'],
    ['gzip', 'the gzip body cannot be decoded'],
  ])('says it is %s and is not', async (encoding, words) => {
    const outcome = await get((_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end('m 1\n'),
    );
    expect(outcome).toMatchObject({ ok: false, reason: 'encoding' });
    expect(!outcome.ok && outcome.message).toContain(words);
  });

  it('resets the connection before the answer', async () => {
    const outcome = await get((request) => request.socket.resetAndDestroy());
    expect(outcome).toMatchObject({ ok: false, reason: 'unreachable' });
  });

  it('resets the connection in the middle', async () => {
    const outcome = await get((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('m 1\n', () => request.socket.resetAndDestroy());
    });
    expect(outcome).toMatchObject({ ok: false, reason: 'unreachable' });
  });

  it('is not HTTP at all', async () => {
    const outcome = await get((request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(outcome).toMatchObject({ ok: false, reason: 'unreachable' });
  });
});

describe('an address that does not answer', () => {
  it('is unreachable, with the reason', async () => {
    const gone = await startPageServer({});
    await gone.close();
    client = createPageClient();
    const outcome = await client.get({ url: `${gone.url}/page`, timeoutMs: 5000, maxBytes: MIB });
    expect(outcome).toMatchObject({ ok: false, reason: 'unreachable' });
    expect(!outcome.ok && outcome.message).toContain('ECONNREFUSED');
  });
});

describe('giving up', () => {
  it('ends the request at once', async () => {
    const giveUp = new AbortController();
    const pending = get(() => giveUp.abort(), { signal: giveUp.signal, timeoutMs: 60_000 });
    expect(await pending).toMatchObject({ ok: false, reason: 'aborted' });
    await until(() => server!.openSockets() === 0, 'the connection is closed');
  });

  it('drops all connections on close, and fails what comes later', async () => {
    await get('m 1\n');
    await client.close();
    await until(() => server!.openSockets() === 0, 'the connections are closed');
    const late = await client.get({ url: `${server!.url}/page`, timeoutMs: 5000, maxBytes: MIB });
    expect(late).toMatchObject({ ok: false, reason: 'unreachable' });
  });
});

describe('the number of sockets', () => {
  it('stays within its bound', async () => {
    await get('ready', {}, { maxSockets: 2 });
    let most = 0;
    server!.set('/slow', (_request, response) => {
      most = Math.max(most, server!.openSockets());
      setTimeout(() => response.end('ok'), 20);
    });
    const request = { url: `${server!.url}/slow`, timeoutMs: 10_000, maxBytes: MIB };
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => client.get(request)));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(most).toBe(2);
  });
});

describe('TLS', () => {
  async function getSecurely(tls: PageClientOptions['tls']) {
    server = await startPageServer({ '/page': 'm 1\n' }, (listener) =>
      createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, listener),
    );
    client = createPageClient(tls && { tls });
    const url = `${server.url.replace('http:', 'https:')}/page`;
    return client.get({ url, timeoutMs: 5000, maxBytes: MIB });
  }

  it('refuses a certificate that nobody vouches for', async () => {
    const outcome = await getSecurely(undefined);
    expect(outcome).toMatchObject({ ok: false, reason: 'unreachable' });
    expect(!outcome.ok && outcome.message).toMatch(/self-signed/i);
  });

  it('trusts the authorities it is given, for the name it is given', async () => {
    expect(await getSecurely({ ca: TEST_CERTIFICATE, servername: 'engine.test' })).toMatchObject({
      ok: true,
    });
  });

  it('refuses a certificate for another name', async () => {
    expect(await getSecurely({ ca: TEST_CERTIFICATE, servername: 'other.test' })).toMatchObject({
      ok: false,
    });
  });

  it('takes any certificate when told to', async () => {
    expect(await getSecurely({ rejectUnauthorized: false })).toMatchObject({ ok: true });
  });
});
