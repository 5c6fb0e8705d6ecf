/** An empty store for tests to begin with: made by the first that asks on this machine, and kept among its temporary files. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DirectoryLock, lockDirectory } from '../directory-lock.ts';

const FOLDER = join(tmpdir(), `signalbox-tests-${process.getuid?.() ?? 'user'}`);
/** Some 40 MB each. The least recently used go first, so that several checkouts can take turns. */
const MOST_KEPT = 4;
const LOOK_MS = 100;
const MAKER = new URL('./make-template.ts', import.meta.url);
/** What decides over the content: where one of these changed, another template is made. */
const SOURCES = [
  MAKER,
  new URL('../migrations.ts', import.meta.url),
  new URL('../job-queue.ts', import.meta.url),
  ...['@electric-sql/pglite', 'pg-boss'].map(packageFile),
];

/** To be asked for before each opening: what is not asked for may be removed. */
export async function storeTemplate(): Promise<string> {
  const name = `template-${await digest()}.tar`;
  const file = join(FOLDER, name);
  while (!(await isThere(file))) {
    await mkdir(FOLDER, { recursive: true, mode: 0o700 });
    const lock = await lockUnlessTaken(FOLDER);
    if (lock === undefined) {
      await delay(LOOK_MS);
      continue;
    }
    try {
      if (!(await isThere(file))) {
        await removeOld();
        await promisify(execFile)(process.execPath, [fileURLToPath(MAKER), file]);
      }
    } finally {
      await lock.release();
    }
  }
  return file;
}

/** Tells as well that it is in use. */
async function isThere(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}

async function lockUnlessTaken(folder: string): Promise<DirectoryLock | undefined> {
  try {
    return await lockDirectory(folder, () => undefined);
  } catch (error) {
    if ((error as { code?: string }).code === 'conflict') return undefined;
    throw error;
  }
}

/** Makes room for one more; only whoever makes one has something in the making. */
async function removeOld(): Promise<void> {
  const names = await readdir(FOLDER);
  const templates = await Promise.all(
    names
      .filter((name) => /^template-.*\.tar$/.test(name))
      .map(async (name) => ({ name, usedMs: (await stat(join(FOLDER, name))).mtimeMs })),
  );
  const oldest = templates.toSorted((a, b) => b.usedMs - a.usedMs).slice(MOST_KEPT - 1);
  const abandoned = names.filter((name) => name.includes('.making-'));
  for (const name of [...oldest.map((template) => template.name), ...abandoned]) {
    await rm(join(FOLDER, name), { recursive: true, force: true });
  }
}

async function digest(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) hash.update(await readFile(source));
  return hash.digest('hex').slice(0, 16);
}

/** The `package.json` that names its version; packages need not export it. */
function packageFile(name: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const found = paths.map((path) => join(path, name, 'package.json')).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}
