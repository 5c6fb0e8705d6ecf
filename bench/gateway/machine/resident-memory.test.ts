import { describe, expect, it } from 'vitest';
import { parseResidentBytes, residentBytes } from './resident-memory.ts';

describe('the resident memory', () => {
  it('is what /proc/PID/status says, in bytes', () => {
    const status =
      'Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t   80000 kB\nVmRSS:\t   76543 kB\nRssAnon:\t 1 kB\n';
    expect(parseResidentBytes(status)).toBe(76_543 * 1024);
  });

  it('cannot be told of a process that has none', () => {
    expect(() => parseResidentBytes('Name:\tkthreadd\nState:\tS\n')).toThrow('no VmRSS');
  });

  it.runIf(process.platform === 'linux')(
    'is about what Node says of this process, twice that of it twice',
    () => {
      const once = residentBytes([process.pid]);
      const saidBytes = process.memoryUsage.rss();
      expect(once / saidBytes).toBeGreaterThan(0.5);
      expect(once / saidBytes).toBeLessThan(2);
      expect(residentBytes([process.pid, process.pid])).toBeGreaterThan(once * 1.5);
    },
  );
});
