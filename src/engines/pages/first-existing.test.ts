import { afterEach, describe, expect, it } from 'vitest';
import { type FixturePage, type PageServer, startPageServer } from '../__fixtures__/page-server.ts';
import { createFirstExisting } from './first-existing.ts';
import { createPageClient, type PageClient } from './page-client.ts';
import { pageUrl } from './urls.ts';

let server: PageServer;
let client: PageClient;

async function serve(
  pages: Record<string, FixturePage>,
): Promise<(path: string) => ReturnType<PageClient['get']>> {
  server = await startPageServer(pages);
  client = createPageClient();
  return (path) => client.get({ url: pageUrl(server.url, path), timeoutMs: 5000, maxBytes: 1000 });
}

afterEach(async () => {
  await client.close();
  await server.close();
});

describe('createFirstExisting', () => {
  it('goes on to the next path as long as there is no such page', async () => {
    const get = await serve({ '/a': 404, '/b': 501, '/c': 405, '/d': 'here' });
    const outcome = await createFirstExisting(['/a', '/b', '/c', '/d'])(get);
    expect(outcome).toMatchObject({ ok: true, url: `${server.url}/d` });
  });

  it('starts with the one that was there the last time', async () => {
    const get = await serve({ '/b': 'here' });
    const first = createFirstExisting(['/a', '/b']);
    await first(get);
    await first(get);
    await first(get);
    expect([server.hits('/a'), server.hits('/b')]).toEqual([1, 3]);
  });

  it('looks again from where it was when the page is gone', async () => {
    const get = await serve({ '/b': 'here' });
    const first = createFirstExisting(['/a', '/b']);
    await first(get);
    server.replaceAll({ '/a': 'now here' });
    expect(await first(get)).toMatchObject({ ok: true, url: `${server.url}/a` });
  });

  it('takes an error that is no absence for an answer', async () => {
    const get = await serve({ '/a': 503, '/b': 'here' });
    expect(await createFirstExisting(['/a', '/b'])(get)).toMatchObject({ ok: false, status: 503 });
    expect(server.hits('/b')).toBe(0);
  });

  it('tells of the first path when none exists', async () => {
    const get = await serve({});
    expect(await createFirstExisting(['/a', '/b'])(get)).toMatchObject({ ok: false, url: `${server.url}/a` });
  });

  it('has nothing to tell where there are no paths', async () => {
    const get = await serve({});
    expect(await createFirstExisting([])(get)).toBeUndefined();
  });
});
