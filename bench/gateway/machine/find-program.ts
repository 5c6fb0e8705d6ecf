/** Finds installed programs, also those in the system's own directories that are not everybody's `PATH`. */

import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The program's full path, if it is installed. */
export function findProgram(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(':'), ...SYSTEM_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** What is wrong when a Debian package's program is not there, and what to do. */
export function missingProgram(name: string): string | undefined {
  if (findProgram(name) !== undefined) return undefined;
  return `${name} is not installed (Debian and Ubuntu: apt-get install -y ${name})`;
}

/** The first version number in what the program prints of itself. */
export function programVersion(name: string, flag: string): string {
  const path = findProgram(name);
  if (path === undefined) return 'not installed';
  // Some print it on the error output, and some end with a status other than 0.
  const shell = ['-c', '"$1" "$2" 2>&1 || true', 'sh', path, flag];
  return firstVersion(execFileSync('sh', shell, { encoding: 'utf8' }));
}

export function firstVersion(text: string): string {
  return /\d+(?:\.\d+)+[\w.+~-]*/.exec(text)?.[0] ?? 'unknown';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
