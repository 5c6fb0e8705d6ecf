/** What the path of bytes may cost, and whether it does. */

import type { Summary } from './summary.ts';

export interface Budget {
  readonly what: string;
  readonly limit: number;
  /** Whether the figure has to reach the limit, or to stay within it. */
  readonly direction: 'at least' | 'at most';
  readonly unit: string;
  readonly read: (summary: Summary) => number | undefined;
}

export interface Verdict {
  readonly what: string;
  readonly budget: string;
  /** Absent where it could not be measured; then `isMet` is, too. */
  readonly measured?: number;
  readonly isMet?: boolean;
}

export const BUDGETS: readonly Budget[] = [
  {
    what: 'small requests per second on one core, against Portkey',
    limit: 8,
    direction: 'at least',
    unit: '×',
    read: ({ ratios }) => ratios.requestsPerSecond.portkey,
  },
  {
    what: 'small requests per second on one core, against HAProxy',
    limit: 0.2,
    direction: 'at least',
    unit: '×',
    read: ({ ratios }) => ratios.requestsPerSecond.haproxy,
  },
  {
    what: 'CPU per proxied request',
    limit: 120,
    direction: 'at most',
    unit: ' µs',
    read: (summary) => summary.cpuMicrosecondsPerRequest,
  },
  {
    what: 'CPU per streamed chunk, against HAProxy, as fast as they come through',
    limit: 3,
    direction: 'at most',
    unit: '×',
    read: ({ ratios }) => ratios.cpuPerChunk.haproxy,
  },
  {
    what: 'CPU per streamed chunk, against HAProxy, at an engine’s pace',
    limit: 3,
    direction: 'at most',
    unit: '×',
    read: ({ ratios }) => ratios.cpuPerPacedChunk.haproxy,
  },
  {
    what: 'memory per open stream',
    limit: 30 * 1024,
    direction: 'at most',
    unit: ' bytes',
    read: (summary) => summary.bytesPerOpenStream,
  },
  {
    what: 'time added at light load, p50',
    limit: 0.3,
    direction: 'at most',
    unit: ' ms',
    read: ({ addedMs }) => addedMs.p50,
  },
  {
    what: 'time added at light load, p99',
    limit: 2,
    direction: 'at most',
    unit: ' ms',
    read: ({ addedMs }) => addedMs.p99,
  },
];

export function judge(summary: Summary, budgets: readonly Budget[] = BUDGETS): readonly Verdict[] {
  return budgets.map(({ what, limit, direction, unit, read }) => {
    const measured = read(summary);
    const budget = `${direction} ${limit.toLocaleString('en')}${unit}`;
    if (measured === undefined) return { what, budget };
    return {
      what,
      budget,
      measured,
      isMet: direction === 'at least' ? measured >= limit : measured <= limit,
    };
  });
}
