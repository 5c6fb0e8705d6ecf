import { describe, expect, it } from 'vitest';
import type { CallOutcome } from './call.ts';
import { parseReplayOptions } from './options.ts';
import { Recorder } from './recorder.ts';
import { buildReport, type RunFacts } from './report.ts';
import { reportText } from './report-text.ts';

const options = parseReplayOptions({
  trace: '/data/conv.csv',
  target: 'http://127.0.0.1:8080',
  speed: '10',
  seed: '5',
  apiKey: 'sk-secret',
  header: ['x-tenant: hidden'],
});

function aRun(given: Partial<RunFacts> = {}): RunFacts {
  return {
    options,
    model: 'llama',
    plan: {
      format: 'azure',
      requests: 4,
      spanMs: 20_000,
      promptTokens: 40,
      outputTokens: 20,
      notes: { lines: 4, requests: 4, skippedLines: 0, skipped: [], raisedToOneToken: 0 },
    },
    signalboxVersion: '1.2.3',
    startedAt: new Date(0),
    interrupted: false,
    ...given,
  };
}

/** Requests sent at 0 ms, of 10 prompt and 5 output tokens. */
function aRecorder(outcomes: readonly CallOutcome[], latenessMs = 1, heldBackMs = 0): Recorder {
  const recorder = new Recorder(options.slo);
  const times = { intendedAtMs: 0, latenessMs, heldBackMs };
  for (const outcome of outcomes) {
    recorder.recordSent(times);
    recorder.recordEnd({ arrivalMs: 0, promptTokens: 10, outputTokens: 5, line: 1 }, times, outcome);
  }
  return recorder;
}

function completed(firstTokenAtMs: number, instanceId: string, outputTokens = 5): CallOutcome {
  return {
    type: 'completed',
    firstTokenAtMs,
    lastTokenAtMs: firstTokenAtMs + 40,
    endAtMs: firstTokenAtMs + 40,
    outputTokens,
    promptTokens: 10,
    cachedTokens: 4,
    instanceId,
    queueMs: 1,
  };
}

const full: CallOutcome = {
  type: 'failed',
  failure: { kind: 'http', status: 429, code: 'queue_full', message: 'The queue is full.' },
  endAtMs: 4000,
  instanceId: undefined,
  queueMs: undefined,
};
const aborted: CallOutcome = { type: 'aborted', endAtMs: 100, instanceId: undefined, queueMs: undefined };

describe('reportText', () => {
  it('shows the whole of a replay', () => {
    const outcomes = [completed(100, 'sim-10'), completed(200, 'sim-2'), completed(2500, 'sim-2'), full];
    expect(reportText(buildReport(aRecorder(outcomes), aRun()))).toBe(`\
Replay of conv.csv (azure) at 10 times its speed
4 requests planned over 2.0 s, ran 4.0 s
to http://127.0.0.1:8080, model llama, seed 5

requests     4 sent · 3 completed · 1 failed
  failed     1 × http 429 queue_full (answered with an error status): The queue is full.
goodput      0.50 requests/s met TTFT ≤ 2,000 ms and TPOT ≤ 100 ms: 50.0 % of the requests
throughput   0.75 requests/s · 7.50 tokens/s in (40.0 % cached) · 3.75 tokens/s out

milliseconds  mean  p50    p90    p99    max
TTFT           933  200  2,040  2,454  2,500
TPOT            10   10     10     10     10
E2E            973  240  2,080  2,494  2,540
queue            1    1      1      1      1
sent late by     1    1      1      1      1

instance  requests   share  failed  tokens out  TTFT p50  TTFT p99
sim-2            2  66.7 %       0          10     1,350     2,477
sim-10           1  33.3 %       0           5       100       100
`);
  });

  it('leaves out what nobody told: queue times, instances, cached tokens', () => {
    const plain = {
      ...completed(100, ''),
      instanceId: undefined,
      queueMs: undefined,
      cachedTokens: undefined,
    };
    const text = reportText(buildReport(aRecorder([plain as CallOutcome]), aRun()));
    expect(text).not.toMatch(/queue|instance|cached|warning|note/);
  });

  it('stands without a single answer', () => {
    const text = reportText(buildReport(aRecorder([aborted]), aRun({ interrupted: true })));
    expect(text).toContain('Interrupted: partial replay of conv.csv');
    expect(text).toContain('1 sent · 0 completed · 0 failed · 1 aborted');
    expect(text).toMatch(/TTFT +- +- +- +- +-\n/);
    expect(text).toContain('0 % of the requests');
    expect(text).not.toContain('NaN');
  });

  it('warns when the generator itself was late', () => {
    expect(reportText(buildReport(aRecorder([full], 25), aRun()))).toContain(
      'warning: this generator was late itself: 1 % of the requests were sent 25 ms or more after their moment',
    );
    expect(reportText(buildReport(aRecorder([full], 20), aRun()))).not.toContain('warning');
  });

  it('notes what changes the meaning of the numbers', () => {
    const notes = {
      lines: 9,
      requests: 4,
      skippedLines: 2,
      skipped: [{ line: 3, reason: 'odd' }],
      raisedToOneToken: 0,
    };
    const run = aRun({ plan: { ...aRun().plan, notes } });
    const text = reportText(buildReport(aRecorder([completed(1, 'a', 4)], 0, 5), run));
    expect(text).toContain('note: --concurrency held back 1 requests');
    expect(text).toContain("note: 1 answers were not as long as the trace's");
    expect(text).toContain('note: 2 broken lines of the trace were left out; the first is line 3: odd');
  });
});

describe('buildReport', () => {
  it('keeps secrets out', () => {
    const text = JSON.stringify(buildReport(aRecorder([full]), aRun()));
    expect(text).not.toMatch(/sk-secret|hidden/);
    expect(text).toContain('"headers":["x-tenant"]');
  });

  it('survives JSON as it is, unbounded options as null', () => {
    const report = buildReport(aRecorder([completed(100, 'a'), full, aborted]), aRun());
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.parameters).toMatchObject({ limit: null, concurrency: null, maxTokensCap: null });
  });

  it('puts the most frequent failure first', () => {
    const rare: CallOutcome = { ...full, failure: { kind: 'timeout', message: 't' } } as CallOutcome;
    const { failures } = buildReport(aRecorder([rare, full, full]), aRun());
    expect(failures.map(({ kind, count }) => [kind, count])).toEqual([
      ['http', 2],
      ['timeout', 1],
    ]);
  });

  it('takes its rates from the first intended moment to the end of the last answer', () => {
    const { durationMs, goodput, throughput } = buildReport(aRecorder([completed(100, 'a'), full]), aRun());
    expect(durationMs).toBe(4000);
    expect(goodput).toEqual({ slo: options.slo, met: 1, share: 0.5, requestsPerSecond: 0.25 });
    expect(throughput).toMatchObject({
      requestsPerSecond: 0.25,
      outputTokensPerSecond: 1.25,
      cachedTokens: 4,
    });
  });
});
