import { describe, expect, it } from 'vitest';
import { cpuMicroseconds, descendants, parseProcessStat, processTree } from './proc-stat.ts';

/** As Linux writes it: pid, name, state, parent, …, then user and system time as 14th and 15th field. */
function statLine({ pid = 4711, name = 'node', parentPid = 12, user = 250, system = 50 } = {}): string {
  const before = `${pid} (${name}) S ${parentPid} 4711 4711 0 -1 4194560 1000 2000 3 4`;
  return `${before} ${user} ${system} 900 800 20 0 11 0 12345 1000000 5000 18446744073709551615\n`;
}

describe('a line of /proc/PID/stat', () => {
  it('tells the process, its parent, and user and system time together, without that of ended children', () => {
    expect(parseProcessStat(statLine())).toEqual({ pid: 4711, parentPid: 12, cpuTicks: 300 });
  });

  it.each(['nginx: worker', 'a) R 1 (b', '((', ') ) 1 2 3'])('is read behind the name "%s"', (name) => {
    expect(parseProcessStat(statLine({ name }))).toEqual({ pid: 4711, parentPid: 12, cpuTicks: 300 });
  });

  it.each(['', 'no such line', '12 (node) S', '12 node S 1 1 1 0 -1 0 0 0 0 0 1 2'])(
    'is not "%s"',
    (line) => {
      expect(() => parseProcessStat(line)).toThrow('/proc/PID/stat');
    },
  );
});

describe('descendants', () => {
  const process = (pid: number, parentPid: number) => ({ pid, parentPid, cpuTicks: 0 });

  it('are the process, its children and theirs, whatever order they are listed in', () => {
    const all = [process(40, 30), process(99, 1), process(30, 10), process(20, 10), process(10, 1)];
    expect(descendants(10, all).toSorted()).toEqual([10, 20, 30, 40]);
  });

  it('are the process alone where it has no children', () => {
    expect(descendants(10, [process(10, 1), process(11, 1)])).toEqual([10]);
  });
});

describe.runIf(process.platform === 'linux')('this very process', () => {
  it('is the first of its own tree', () => {
    expect(processTree(process.pid)[0]).toBe(process.pid);
  });

  it('has used about the time that Node itself says', () => {
    const said = process.cpuUsage();
    const saidMicros = said.user + said.system;
    // Both count in ticks of 10 ms or finer, and time goes on between the two readings.
    expect(cpuMicroseconds([process.pid])).toBeGreaterThan(saidMicros * 0.8 - 100_000);
    expect(cpuMicroseconds([process.pid])).toBeLessThan(saidMicros * 2 + 2_000_000);
  });

  it('counts for as much as it is asked for', () => {
    expect(cpuMicroseconds([])).toBe(0);
  });
});
