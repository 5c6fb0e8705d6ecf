/** Finds the files of vectors below a folder, and names the other data there. */

import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface FoundVectors {
  /** Relative to the folder, sorted. */
  readonly known: readonly string[];
  /** Data of names that no suite is for. */
  readonly unknown: readonly string[];
}

/** What tells of vectors, or runs them, but is none. */
const NO_DATA = /\.(md|ts)$/;

export function findVectors(folder: string, knownNames: readonly string[]): FoundVectors {
  const known: string[] = [];
  const unknown: string[] = [];
  const look = (inFolder: string): void => {
    for (const entry of readdirSync(inFolder, { withFileTypes: true })) {
      const path = join(inFolder, entry.name);
      const shown = relative(folder, path).split(sep).join('/');
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (knownNames.includes(entry.name)) known.push(shown);
      else if (entry.isDirectory()) look(path);
      else if (!NO_DATA.test(entry.name)) unknown.push(shown);
    }
  };
  look(folder);
  return { known: known.sort(), unknown: unknown.sort() };
}
