/** Reads how much memory processes hold: the resident set of `/proc/PID/status`. */

import { readFileSync } from 'node:fs';

/** From the text of `/proc/PID/status`. */
export function parseResidentBytes(status: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error('/proc/PID/status: found no VmRSS');
  return Number(match[1]) * 1024;
}

export function residentBytes(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => sum + parseResidentBytes(readFileSync(`/proc/${pid}/status`, 'latin1')),
    0,
  );
}
