import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openListener, StartError } from './start-error.ts';

/** What listening really comes to. */
function listen(host: string, port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const bound = (server.address() as AddressInfo).port;
      server.close(() => resolve(bound));
    });
  });
}

function failing(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error('listen failed'), { code }));
}

describe('opening a listener', () => {
  it('gives what was opened', async () => {
    const port = await openListener('data', { host: '127.0.0.1', port: 0 }, () => listen('127.0.0.1', 0));
    expect(port).toBeGreaterThan(0);
  });

  it('on a taken port says which listener, which address, and what to do', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const opening = openListener('control', { host: '127.0.0.1', port }, () => listen('127.0.0.1', port));
    await expect(opening).rejects.toThrow(
      new StartError(
        `listeners.control cannot listen on 127.0.0.1:${port}: the port is in use by another process; ` +
          'another port can be given by --control-port',
      ),
    );
    await new Promise((resolve) => holder.close(resolve));
  });

  it.each([
    ['EACCES', 'this process may not use that port'],
    ['EADDRNOTAVAIL', 'this machine has no such address'],
    ['ENOTFOUND', 'no address is known for that host name'],
  ])('that ends with %s says that %s', async (code, words) => {
    const opening = openListener('data', { host: '::1', port: 80 }, failing(code));
    await expect(opening).rejects.toThrow(`listeners.data cannot listen on [::1]:80: ${words}; `);
    await expect(opening).rejects.toMatchObject({ name: 'StartError', cause: { code } });
  });

  it('that fails for another reason fails with that', async () => {
    const opening = openListener('data', { host: '::1', port: 80 }, failing('EMFILE'));
    await expect(opening).rejects.not.toBeInstanceOf(StartError);
    await expect(opening).rejects.toMatchObject({ code: 'EMFILE' });
  });
});
