/** A directory for the files of one test, gone after it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

/** Writes a file and gives its path; the same name writes the same file anew. */
export type WriteFile = (name: string, content: string | Uint8Array) => Promise<string>;

/** To be called once at the top of a test file. */
export function openDirectory(): WriteFile {
  let directory: string | undefined;
  afterEach(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    directory = undefined;
  });
  return async function writeInDirectory(name, content) {
    directory ??= await mkdtemp(join(tmpdir(), 'signalbox-test-'));
    const path = join(directory, name);
    await writeFile(path, content);
    return path;
  };
}
