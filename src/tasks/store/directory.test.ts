import { execFileSync, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task } from '../task.ts';
import { aTask } from './__fixtures__/a-task.ts';
import { storeTemplate } from './__fixtures__/template.ts';
import { openTaskStore } from './open.ts';
import type { TaskStore } from './task-store.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'signalbox-store-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe('a task store in a directory', () => {
  it('has every acknowledged task after kill -9, and returns what its process ran', async () => {
    const directory = join(base, 'killed');
    const child = fork(fileURLToPath(new URL('./__fixtures__/submitter.ts', import.meta.url)), {
      env: { ...process.env, SUBMITTER_DIRECTORY: directory },
    });
    const acknowledged: string[] = [];
    let claimed: { ours: string; theirs: string } | undefined;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.on('message', (message: { acknowledged?: string; ours?: string; theirs?: string }) => {
      if (message.acknowledged === undefined) claimed = message as { ours: string; theirs: string };
      else acknowledged.push(message.acknowledged);
      if (acknowledged.length === 150) child.kill('SIGKILL');
    });
    await ended;

    const store = await openTaskStore({ directory });
    await expect(openTaskStore({ directory })).rejects.toMatchObject({ code: 'conflict' });
    const found = await store.getMany(acknowledged);
    expect(found).toHaveLength(acknowledged.length);
    expect(await store.get(claimed!.ours)).toMatchObject({ state: 'queued', attempt: 1 });
    expect(await store.heldBy('i2')).toMatchObject([{ id: claimed!.theirs, state: 'scheduled' }]);
    const counts = await store.countByState();
    const again = await store.claim('llama', 10_000);
    expect(again).toHaveLength(counts.queued);
    expect(again[0]).toMatchObject({ id: claimed!.ours, attempt: 2 });

    const underWay = [store.submit([aTask()]), store.claim('llama', 1), store.list({}, { limit: 1 })];
    const closing = store.close();
    await Promise.all([...underWay, closing]);
    await expect(store.submit([aTask()])).rejects.toMatchObject({ code: 'shutting_down' });

    const reopened = await openTaskStore({ directory });
    expect(await reopened.countByState()).toEqual({ ...counts, queued: counts.queued + 1 });

    // As if this process had stood still, and another one had come in.
    await writeFile(join(directory, 'lock.json'), JSON.stringify({ token: 'theirs' }));
    await expect
      .poll(
        () =>
          reopened.countByState().then(
            () => 'works',
            (error: { code?: string }) => error.code,
          ),
        { timeout: 15_000 },
      )
      .toBe('storage_unavailable');
    await reopened.close();
  }, 90_000);

  it('takes the late end of a try from before a restart while the first new task of its model comes', async () => {
    const directory = join(base, 'restarted');
    const template = await storeTemplate();
    const before = await openTaskStore({ directory, template });
    await before.submit([aTask()]);
    const [{ id: taskId, attempt }] = (await before.claim('llama', 1)) as [Task];
    await before.place([{ taskId, attempt, instance: 'i1', runsIn: 'instance' }]);
    await before.close();

    const after = await openTaskStore({ directory, template });
    const [submitted, ended] = await Promise.all([
      after.submit([aTask()]),
      after.end([{ taskId, attempt, type: 'completed', result: 1 }]),
    ]);
    expect([submitted[0]!.type, ended[0]!.outcome]).toEqual(['stored', 'completed']);
    await after.close();
  }, 60_000);
});

const canMount = tryMount();

describe('a full disk', () => {
  it.skipIf(!canMount)(
    canMount
      ? 'acknowledges nothing that is not stored, and goes on when there is room'
      : 'needs leave to mount a tmpfs',
    async () => {
      const mount = join(base, 'small');
      mkdirSync(mount);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', mount]);
      let store: TaskStore | undefined;
      try {
        store = await openTaskStore({ directory: join(mount, 'store'), template: await storeTemplate() });
        const { bavail, bsize } = await statfs(mount);
        const filler = join(mount, 'filler');
        await writeFile(filler, Buffer.alloc(bavail * bsize - 3 * 1024 * 1024, 1));
        const acknowledged: string[] = [];
        let failure: unknown;
        for (let tries = 0; tries < 400 && failure === undefined; tries += 1) {
          // What does not compress, so that it takes the room that it seems to take.
          const task = aTask({ input: { noise: Array.from({ length: 4000 }, () => Math.random()) } });
          await store.submit([task]).then(
            () => acknowledged.push(task.id),
            (error: unknown) => {
              failure = error;
            },
          );
        }
        expect(failure).toMatchObject({ code: 'storage_unavailable', status: 503 });
        expect(acknowledged.length).toBeGreaterThan(0);
        await rm(filler);
        const working = store;
        const last = aTask();
        await expect
          .poll(() => working.submit([last]).then(() => 'stored', String), { timeout: 20_000, interval: 300 })
          .toBe('stored');
        expect(await store.getMany(acknowledged)).toHaveLength(acknowledged.length);
        expect((await store.countByState()).queued).toBe(acknowledged.length + 1);
      } finally {
        await store?.close();
        execFileSync('umount', ['-l', mount]);
      }
    },
    90_000,
  );
});

/** Only the machine's administrator may mount. */
function tryMount(): boolean {
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
