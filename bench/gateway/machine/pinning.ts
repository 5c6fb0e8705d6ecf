/** Which core runs what: the load on one, the contender on another, so that the contender is what is waited for. */

import { availableParallelism } from 'node:os';
import { findProgram } from './find-program.ts';

export const LOAD_CORE = 0;
export const CONTENDER_CORE = 1;

/** Why nothing is pinned; `undefined` when it is. */
export function notPinnedBecause(): string | undefined {
  if (availableParallelism() < 2) return 'this machine has one core';
  if (findProgram('taskset') !== undefined) return undefined;
  return 'taskset is not installed (Debian and Ubuntu: apt-get install -y util-linux)';
}

/** The command that runs this command on this core, or as it is where nothing can be pinned. */
export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  if (notPinnedBecause() !== undefined) return [command, [...args]];
  return [findProgram('taskset')!, ['-c', String(core), command, ...args]];
}
