import { describe, expect, it } from 'vitest';
import { BUDGETS, type Budget, judge } from './budgets.ts';
import type { ContenderName } from './contender.ts';
import { type MemoryRow, noRows, type RequestRow, type Rows, type StreamRow } from './measurements/rows.ts';
import { headline, reportText } from './report.ts';
import { summarise } from './summary.ts';

function requestRow(
  contender: ContenderName,
  requestsPerSecond: number,
  { concurrency = 64, round = 1, micros = 1e6 / requestsPerSecond } = {},
): RequestRow {
  return {
    contender,
    concurrency,
    round,
    requests: requestsPerSecond * 3,
    requestsPerSecond,
    cpuMicrosecondsPerRequest: micros,
    coreShare: 1,
    failed: 0,
  };
}

function streamRow(contender: ContenderName, pace: 'closed' | 'step', micros: number): StreamRow {
  return {
    contender,
    pace,
    streams: 200,
    chunks: 1000,
    chunksPerSecond: 1e6 / micros,
    cpuMicrosecondsPerChunk: micros,
    coreShare: 1,
    framesLost: 0,
    streamsAltered: 0,
  };
}

function memoryRow(contender: ContenderName, bytesPerOpenStream: number, round = 1): MemoryRow {
  return { contender, round, openStreams: [200, 1200], residentBytes: [1, 2], bytesPerOpenStream };
}

const rowsOf = (rows: Partial<Rows>): Rows => ({ ...noRows(), ...rows });

describe('requests per second', () => {
  it('are those at the best concurrency, the median of its rounds, divided by the rival’s best', () => {
    const { ratios, contenders } = summarise(
      rowsOf({
        requests: [
          requestRow('signalbox', 5_000, { concurrency: 8 }),
          ...[9_000, 10_000, 50].map((perSecond, round) => requestRow('signalbox', perSecond, { round })),
          requestRow('haproxy', 36_000, { concurrency: 256 }),
          requestRow('haproxy', 20_000, { concurrency: 8 }),
          requestRow('portkey', 500),
        ],
      }),
    );
    expect(contenders.signalbox?.requestsPerSecond).toBe(9_000);
    expect(ratios.requestsPerSecond).toEqual({ haproxy: 0.25, portkey: 18 });
  });

  it('cost what they cost at the worst concurrency', () => {
    const requests = [
      requestRow('signalbox', 8_000, { concurrency: 8, micros: 130 }),
      ...[90, 95, 100].map((micros, round) => requestRow('signalbox', 9_000, { round, micros })),
    ];
    expect(summarise(rowsOf({ requests })).cpuMicrosecondsPerRequest).toBe(130);
  });
});

describe('added latency', () => {
  it('is the median of the rounds’ own quantiles above that of going directly', () => {
    const latency = [1, 2, 3].flatMap((round) => [
      { contender: 'direct' as const, round, p50Ms: 0.1, p99Ms: 0.2 },
      { contender: 'signalbox' as const, round, p50Ms: 0.3 + round / 100, p99Ms: round === 1 ? 90 : 1 },
    ]);
    const { addedMs, contenders } = summarise(rowsOf({ latency }));
    expect(addedMs).toEqual({ p50: 0.22, p99: 0.8 });
    expect(contenders.direct).toEqual({});
  });
});

describe('streams', () => {
  it('are compared pace by pace', () => {
    const streams = [
      streamRow('signalbox', 'closed', 20),
      streamRow('signalbox', 'step', 15),
      streamRow('haproxy', 'closed', 10),
      streamRow('haproxy', 'step', 3),
      streamRow('nginx', 'step', 5),
    ];
    const { ratios, cpuMicrosecondsPerChunk } = summarise(rowsOf({ streams }));
    expect(ratios.chunksPerSecond).toEqual({ haproxy: 0.5 });
    expect(ratios.cpuPerChunk).toEqual({ haproxy: 2 });
    expect(ratios.cpuPerPacedChunk).toEqual({ haproxy: 5, nginx: 3 });
    expect(cpuMicrosecondsPerChunk).toBe(20);
  });

  it('have lost what any of them lost', () => {
    const streams = [
      { ...streamRow('nginx', 'closed', 9), framesLost: 2 },
      { ...streamRow('nginx', 'step', 9), framesLost: 1, streamsAltered: 4 },
    ];
    expect(summarise(rowsOf({ streams })).contenders.nginx).toMatchObject({
      framesLost: 3,
      streamsAltered: 4,
    });
  });
});

describe('memory', () => {
  it('is the median of the rounds', () => {
    const memory = [40_000, 20_000, 21_000].map((bytes, round) => memoryRow('signalbox', bytes, round));
    expect(summarise(rowsOf({ memory })).bytesPerOpenStream).toBe(21_000);
  });
});

describe('the budgets', () => {
  const within = rowsOf({
    requests: [requestRow('signalbox', 9_000), requestRow('haproxy', 36_000), requestRow('portkey', 900)],
    latency: [
      { contender: 'direct', round: 1, p50Ms: 0.1, p99Ms: 0.2 },
      { contender: 'signalbox', round: 1, p50Ms: 0.35, p99Ms: 1.2 },
    ],
    streams: [
      streamRow('signalbox', 'closed', 20),
      streamRow('signalbox', 'step', 20),
      streamRow('haproxy', 'closed', 8),
      streamRow('haproxy', 'step', 8),
    ],
    memory: [memoryRow('signalbox', 20_000)],
  });

  it('are met by figures within them', () => {
    const verdicts = judge(summarise(within));
    expect(verdicts).toHaveLength(BUDGETS.length);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ isMet: true });
  });

  it.each<[string, Partial<Rows>]>([
    ['against Portkey', { requests: [requestRow('signalbox', 9_000), requestRow('portkey', 1_200)] }],
    ['against HAProxy', { requests: [requestRow('signalbox', 9_000), requestRow('haproxy', 50_000)] }],
    ['CPU per proxied request', { requests: [requestRow('signalbox', 9_000, { micros: 121 })] }],
    ['memory per open stream', { memory: [memoryRow('signalbox', 30_721)] }],
    [
      'as fast as they come through',
      { streams: [streamRow('signalbox', 'closed', 31), streamRow('haproxy', 'closed', 10)] },
    ],
    ['an engine’s pace', { streams: [streamRow('signalbox', 'step', 31), streamRow('haproxy', 'step', 10)] }],
    [
      'p50',
      {
        latency: [
          { contender: 'direct', round: 1, p50Ms: 0.1, p99Ms: 0.2 },
          { contender: 'signalbox', round: 1, p50Ms: 0.41, p99Ms: 1.2 },
        ],
      },
    ],
    [
      'p99',
      {
        latency: [
          { contender: 'direct', round: 1, p50Ms: 0.1, p99Ms: 0.2 },
          { contender: 'signalbox', round: 1, p50Ms: 0.2, p99Ms: 2.3 },
        ],
      },
    ],
  ])('%s is missed alone', (what, rows) => {
    const missed = judge(summarise({ ...within, ...rows })).filter(({ isMet }) => isMet === false);
    expect(missed).toHaveLength(1);
    expect(missed[0]!.what).toContain(what);
  });

  it('are neither met nor missed by what was not measured', () => {
    for (const verdict of judge(summarise(noRows()))) {
      expect(verdict).not.toHaveProperty('isMet');
      expect(verdict).not.toHaveProperty('measured');
    }
  });

  it.each<[Budget['direction'], number, boolean]>([
    ['at least', 1.99, false],
    ['at least', 2, true],
    ['at most', 2, true],
    ['at most', 2.01, false],
  ])('%s 2: %d → %s', (direction, value, isMet) => {
    const budget = { what: 'it', limit: 2, direction, unit: ' ms', read: () => value };
    expect(judge(summarise(noRows()), [budget])).toEqual([
      { what: 'it', budget: `${direction} 2 ms`, measured: value, isMet },
    ]);
  });
});

describe('the headline', () => {
  const about = {
    measuredAt: '2026-11-22T12:00:00.000Z',
    commit: '0123456789abcdef',
    hasUncommittedChanges: false,
    node: 'v24.21.0',
    kernel: '6.18',
    cpu: 'AMD EPYC',
    cores: 2,
    memoryGiB: 8,
    pinning: 'none',
    versions: {},
  };

  it('says what was measured where', () => {
    expect(headline(about, 0.4)).toBe(
      '2026-11-22, commit 01234567\nNode v24.21.0, AMD EPYC, 2 cores, load average 0.4',
    );
  });

  it('warns of what makes figures rough, or hard to repeat', () => {
    expect(headline({ ...about, hasUncommittedChanges: true }, 0.4)).toContain('and uncommitted changes');
    expect(headline(about, 3.2)).toContain('others are at work');
  });
});

describe('the report', () => {
  it('says who was not what the load waited for', () => {
    const rows = rowsOf({
      requests: [
        requestRow('signalbox', 9_000),
        { ...requestRow('haproxy', 30_000), coreShare: 0.6 },
        { ...requestRow('nginx', 30_000), coreShare: 0.91 },
      ],
    });
    const text = reportText(summarise(rows), [], []);
    expect(text).toContain('haproxy did not use the whole core');
    expect(text).not.toContain('nginx did not');
  });

  it('shows figures, ratios, verdicts, and once each reason why something is not there', () => {
    const rows = rowsOf({
      requests: [requestRow('signalbox', 9_000), requestRow('haproxy', 36_000)],
      memory: [memoryRow('signalbox', 40 * 1024)],
    });
    const summary = summarise(rows);
    const reason = 'nginx is not installed';
    const text = reportText(summary, judge(summary), [
      { contender: 'nginx', measurement: 'requests', reason },
      { contender: 'nginx', measurement: 'memory', reason },
    ]);
    expect(text).toMatch(/requests\/s +9,000 +36,000/);
    expect(text).toMatch(/requests\/s +0\.25 +- +-/);
    expect(text).toContain(
      'met           small requests per second on one core, against HAProxy: 0.25 (at least 0.2×)',
    );
    expect(text).toContain('MISSED        memory per open stream: 40,960 (at most 30,720 bytes)');
    expect(text).toContain(
      'not measured  small requests per second on one core, against Portkey: at least 8×',
    );
    expect(text).toContain('  nginx: nginx is not installed [requests; memory]');
  });
});
