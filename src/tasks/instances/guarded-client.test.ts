import type { lookup as systemLookup } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createAddressCheck } from './address-check.ts';
import { createGuardedClient, type GuardedClient, type GuardedClientOptions } from './guarded-client.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(
  handler: Parameters<typeof createServer>[1],
): Promise<{ port: number; paths: string[] }> {
  const paths: string[] = [];
  const server: Server = createServer((request, response) => {
    paths.push(request.url ?? '');
    handler!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, paths };
}

function client(options: Partial<GuardedClientOptions> = {}): GuardedClient {
  const check = createAddressCheck({
    allowedCidrs: ['127.0.0.0/8'],
    allowsPublic: false,
    allowedPorts: [{ from: 1, to: 65_535 }],
  });
  const made = createGuardedClient({ check: () => check, ...options });
  cleanups.push(() => made.close());
  return made;
}

const get = (url: string) => ({ method: 'GET', url, timeoutMs: 5_000, maxBytes: 1_000 }) as const;

/** Names resolve to these, one answer after the other. */
function resolvingTo(...answers: string[][]): typeof systemLookup {
  let asked = 0;
  return ((_name: string, _options: object, callback: (...given: unknown[]) => void) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as typeof systemLookup;
}

describe('a call to an address that somebody named', () => {
  it('is made where it is allowed', async () => {
    const { port } = await serve((_request, response) => response.end('fine'));
    const outcome = await client().call(get(`http://127.0.0.1:${port}/x`));
    expect(outcome).toMatchObject({ type: 'answer', status: 200 });
    expect(outcome.type === 'answer' && outcome.body.toString()).toBe('fine');
  });

  it.each([
    'http://169.254.169.254/latest',
    'http://[fd00:ec2::254]/',
    'http://2852039166/',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://8.8.8.8/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
  ])('is not made to %s', async (url) => {
    expect(await client().call(get(url))).toMatchObject({ type: 'failure', reason: 'refused' });
  });

  it('is not made to a name that resolves to what is not allowed', async () => {
    const lookup = resolvingTo(['169.254.169.254']);
    expect(await client({ lookup }).call(get('http://innocent.example:8000/'))).toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('innocent.example may not be called: 169.254.169.254'),
    });
  });

  it('goes to the address that was looked at, though the name resolves to another one the next time', async () => {
    const { port } = await serve((_request, response) => response.end('fine'));
    const rebinding = client({ lookup: resolvingTo(['127.0.0.1'], ['169.254.169.254']) });
    expect(await rebinding.call(get(`http://rebind.example:${port}/`))).toMatchObject({ status: 200 });
    expect(await rebinding.call(get(`http://rebind.example:${port}/`))).toMatchObject({ reason: 'refused' });
  });

  it('uses of several addresses only those that are allowed', async () => {
    const { port } = await serve((_request, response) => response.end('fine'));
    const mixed = client({ lookup: resolvingTo(['8.8.8.8', '127.0.0.1']) });
    expect(await mixed.resolve('mixed.example')).toEqual({ addresses: ['127.0.0.1'] });
    expect(await mixed.call(get(`http://mixed.example:${port}/`))).toMatchObject({ status: 200 });
  });

  it('does not follow a redirect', async () => {
    const target = await serve((_request, response) => response.end('secret'));
    const { port } = await serve((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${target.port}/secret` }).end();
    });
    expect(await client().call(get(`http://127.0.0.1:${port}/`))).toMatchObject({ status: 302 });
    expect(target.paths).toEqual([]);
  });

  it('says whether it may have arrived', async () => {
    const { port } = await serve((request) => request.socket.destroy());
    expect(await client().call(get(`http://127.0.0.1:${port}/`))).toMatchObject({ reason: 'broken' });
    const hanging = await serve(() => undefined);
    const call = { ...get(`http://127.0.0.1:${hanging.port}/`), timeoutMs: 30 };
    expect(await client().call(call)).toMatchObject({ reason: 'timeout' });
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const nobody = (closed.address() as AddressInfo).port;
    await new Promise((resolve) => closed.close(resolve));
    expect(await client().call(get(`http://127.0.0.1:${nobody}/`))).toMatchObject({ reason: 'unconnected' });
  });

  it('reads no more of an answer than it may', async () => {
    const { port } = await serve((_request, response) => response.end('x'.repeat(2_000)));
    expect(await client().call(get(`http://127.0.0.1:${port}/`))).toMatchObject({ reason: 'too-large' });
  });

  it('ends when whoever asked gives up', async () => {
    const { port } = await serve(() => undefined);
    const abort = new AbortController();
    const outcome = client().call({ ...get(`http://127.0.0.1:${port}/`), signal: abort.signal });
    abort.abort();
    expect(await outcome).toMatchObject({ reason: 'aborted' });
  });
});
