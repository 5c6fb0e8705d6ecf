import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockDirectory } from './directory-lock.ts';

const lost = (): void => {
  throw new Error('the lock was lost');
};

describe('the lock on a directory', () => {
  let directory: string;
  const file = (): string => join(directory, 'lock.json');
  const holder = async () => JSON.parse(await readFile(file(), 'utf8')) as Record<string, unknown>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signalbox-lock-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('keeps a second one out, and says who has it', async () => {
    const lock = await lockDirectory(directory, lost);
    await expect(lockDirectory(directory, lost)).rejects.toThrow(
      `The directory ${directory} belongs to process ${process.pid} on host ${hostname()}`,
    );
    await lock.release();
    await (await lockDirectory(directory, lost)).release();
  });

  it('goes to one of many who come at once', async () => {
    const settled = await Promise.allSettled(
      Array.from({ length: 10 }, () => lockDirectory(directory, lost)),
    );
    const got = settled.filter((one) => one.status === 'fulfilled');
    expect(got).toHaveLength(1);
    await got[0]!.value.release();
  });

  it('is taken over from a process that was killed', async () => {
    const lockModule = new URL('./directory-lock.ts', import.meta.url).href;
    const script = `import(${JSON.stringify(lockModule)}).then((m) => m.lockDirectory(process.argv[1], () => {})).then(() => console.log('locked')); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await expect(lockDirectory(directory, lost)).rejects.toThrow(`process ${child.pid} `);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await (await lockDirectory(directory, lost)).release();
  });

  it('is taken over from a dead process whose number another one has now', async () => {
    await lockDirectory(directory, () => undefined);
    await writeFile(file(), JSON.stringify({ ...(await holder()), token: 'dead', startTime: '1' }));
    await (await lockDirectory(directory, lost)).release();
  });

  it('is taken over from another machine’s process only when that one is silent', async () => {
    const elsewhere = { token: 'theirs', pid: process.pid, host: 'elsewhere', space: 'another boot' };
    await writeFile(file(), JSON.stringify(elsewhere));
    let atSeconds = 1;
    const touching = setInterval(() => void utimes(file(), atSeconds, atSeconds++), 50);
    await expect(lockDirectory(directory, lost, 600)).rejects.toThrow('on host elsewhere');
    clearInterval(touching);
    await (await lockDirectory(directory, lost, 600)).release();
  });

  it('tells a process that stood still that it was taken over', async () => {
    const isLost = new Promise<void>((resolve) => {
      void lockDirectory(directory, resolve).then(async () => {
        await writeFile(file(), JSON.stringify({ ...(await holder()), token: 'theirs' }));
      });
    });
    await isLost;
  });

  it('is not given up because its file cannot be read for a while', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      let isLost = false;
      const lock = await lockDirectory(directory, () => {
        isLost = true;
      });
      await rename(file(), `${file()}.aside`);
      await mkdir(file());
      vi.advanceTimersByTime(2_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(isLost).toBe(false);
      await rmdir(file());
      await rename(`${file()}.aside`, file());
      await lock.release();
      await (await lockDirectory(directory, lost)).release();
    } finally {
      vi.useRealTimers();
    }
  });
});
