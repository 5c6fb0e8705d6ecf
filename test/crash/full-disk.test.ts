/** A full disk under `signalbox up`: what its callers are told, what they may rely on, and that it goes on when there is room. */

import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { TaskClient, TaskClientError } from '../../src/client/index.ts';
import { seededRandom } from '../../src/domain/index.ts';
import { startTaskInstance } from '../../src/tasks/__fixtures__/task-instance.ts';
import { createServerVictim, freePort } from './server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const isAllowed = mayMount();
const NAME =
  'a full disk is told as 503, loses nothing that was acknowledged, and is forgotten when there is room';

it.skipIf(!isAllowed)(
  isAllowed ? NAME : `${NAME} (skipped: needs leave to mount a tmpfs)`,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-full-'));
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    const mount = join(directory, 'small');
    await mkdir(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', mount]);
    cleanups.push(() => execFileSync('umount', ['-l', mount]));
    await chmod(mount, 0o777);

    const server = await createServerVictim({
      name: 'server',
      directory,
      port: await freePort(seededRandom(Date.now())),
      config: { logging: { level: 'warn' }, tasks: { store: { directory: 'small/store' } } },
    });
    cleanups.push(() => server.kill());
    server.start();
    await server.ready();
    const instance = await startTaskInstance({ model: 'model-x' });
    instance.mode = { type: 'swallow' };
    cleanups.push(() => instance.close());
    await fetch(`${server.url}/ti/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ host: instance.host, port: instance.port }),
    });

    const filler = join(mount, 'filler');
    const { bavail, bsize } = await statfs(mount);
    await writeFile(filler, Buffer.alloc(bavail * bsize - 3 * 1024 * 1024, 1));
    const client = new TaskClient({ baseUrl: server.url, maxRetries: 0 });
    const acknowledged: string[] = [];
    let refusal: unknown;
    for (let tries = 0; tries < 400 && refusal === undefined; tries++) {
      await client.submit({ model: 'model-x', input: { noise: noise() } }).then(
        ({ id }) => acknowledged.push(id),
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    expect(refusal).toBeInstanceOf(TaskClientError);
    expect(refusal).toMatchObject({ status: 503, message: expect.stringMatching(/storage of tasks/) });
    expect(acknowledged.length).toBeGreaterThan(0);

    await rm(filler);
    const last = { id: crypto.randomUUID(), model: 'model-x', input: { prompt: 'hello' } };
    await expect
      .poll(() => client.submit(last).then(({ id }) => id, String), { timeout: 30_000, interval: 300 })
      .toBe(last.id);
    for (const id of acknowledged) expect(await client.get(id)).toMatchObject({ id });
    expect(server.ownEnds).toBe(0);
  },
  120_000,
);

/** What does not compress, so that it takes the room that it seems to take. */
function noise(): readonly number[] {
  return Array.from({ length: 4_000 }, () => Math.random());
}

/** Only the machine's administrator may. */
function mayMount(): boolean {
  try {
    const probe = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    execFileSync('rmdir', [probe]);
    return true;
  } catch {
    return false;
  }
}
