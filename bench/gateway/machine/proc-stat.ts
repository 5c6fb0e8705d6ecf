/** Reads Linux' `/proc/PID/stat`: what CPU time a process and its children have used. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of all its threads, those that have ended included, in clock ticks. */
  readonly cpuTicks: number;
}

/** The second field is the command's name in parentheses and may hold blanks and parentheses itself (proc_pid_stat(5)). */
export function parseProcessStat(line: string): ProcessStat {
  const afterName = line.lastIndexOf(')');
  const fields = line.slice(afterName + 2).split(' ');
  const stat = {
    pid: Number.parseInt(line, 10),
    parentPid: Number(fields[1]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
  };
  if (afterName === -1 || !Object.values(stat).every(Number.isInteger)) {
    throw new Error(`a line of /proc/PID/stat was expected, found "${line.slice(0, 80)}"`);
  }
  return stat;
}

/** The process and all that descend from it. */
export function descendants(rootPid: number, processes: readonly ProcessStat[]): readonly number[] {
  const found = [rootPid];
  for (let index = 0; index < found.length; index += 1) {
    for (const { pid, parentPid } of processes) if (parentPid === found[index]) found.push(pid);
  }
  return found;
}

export function processTree(rootPid: number): readonly number[] {
  return descendants(rootPid, allProcesses());
}

/** Microseconds of user and system time that these processes have used so far. */
export function cpuMicroseconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) ticks += parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).cpuTicks;
  return (ticks * 1e6) / ticksPerSecond();
}

function allProcesses(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseProcessStat(readFileSync(`/proc/${name}/stat`, 'latin1'))];
      } catch {
        // It ended between the listing and the reading.
        return [];
      }
    });
}

let knownTicksPerSecond: number | undefined;

function ticksPerSecond(): number {
  knownTicksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return knownTicksPerSecond;
}
