import { describe, expect, it } from 'vitest';
import type { DecisionBody } from '../../admin/index.ts';
import { decisionText } from './decision-text.ts';

const outcome = (fields: Partial<NonNullable<DecisionBody['outcome']>> = {}) => ({
  outcome: 'completed' as const,
  status: 200,
  attempts: 1,
  queueMs: 12,
  e2eMs: 2_130,
  ...fields,
});

const aDecision = (fields: Partial<DecisionBody> = {}): DecisionBody => ({
  id: '7c0e.1',
  requestId: '7c0e',
  model: 'llama-3-8b',
  instanceId: 'gpu-1',
  atMs: Date.UTC(2026, 0, 1),
  queueMs: 12,
  attempt: 1,
  policy: 'fifo',
  profile: 'least-loaded',
  score: 0.83,
  reason: 'best of 2 that passed, 3 looked at: load 0.75 × 1 (2 requests)',
  tookMicros: 11.6,
  outcome: null,
  candidates: [
    {
      instanceId: 'gpu-1',
      total: 0.83,
      scores: { load: 0.75, prefix: 1 },
      reasons: { load: '2 requests', prefix: '120 of 400 tokens held' },
    },
    { instanceId: 'gpu-22', total: 0.4, scores: { load: 0.4 }, reasons: { load: '5 requests' } },
    { instanceId: 'gpu-3', droppedBy: 'health', reasons: { health: 'ejected' } },
  ],
  candidateCount: 3,
  filteredOut: { health: 1 },
  explanation: '',
  ...fields,
});

const linesOf = (fields: Partial<DecisionBody> = {}, width = 100) =>
  decisionText(aDecision(fields), width).split('\n');
const fact = (name: string, fields: Partial<DecisionBody> = {}, width = 300) =>
  linesOf(fields, width)
    .find((line) => line.startsWith(`  ${name} `))
    ?.slice(13);

describe('a decision as a table', () => {
  it('shows who went where and why, every candidate with its scores and reasons, and what was dropped', () => {
    expect(linesOf()).toEqual([
      'Request 7c0e for llama-3-8b went to gpu-1.',
      '',
      '  decision   7c0e.1',
      '  decided    2026-01-01T00:00:00.000Z, after 12 ms in the queue, in 12 µs',
      '  by         policy fifo (when), profile least-loaded (where)',
      '  reason     best of 2 that passed, 3 looked at: load 0.75 × 1 (2 requests)',
      '  predicted  nothing',
      '  then       it has not ended yet',
      '',
      '  candidate  total   load  prefix',
      '> gpu-1      0.830  0.750   1.000',
      '      load: 2 requests; prefix: 120 of 400 tokens held',
      '  gpu-22     0.400  0.400       –',
      '      load: 5 requests',
      '  gpu-3: dropped by health (ejected)',
      '  3 instances looked at, dropped 1 by health',
      '',
    ]);
  });

  it('says at which attempt, when it was not the first', () => {
    expect(linesOf({ attempt: 2 })[0]).toBe('Request 7c0e for llama-3-8b went to gpu-1 at attempt 2.');
  });

  it('says how many more there were than are shown, and what dropped them', () => {
    const some = { candidates: [], candidateCount: 1_200, filteredOut: { window: 1_100, health: 3 } };
    expect(linesOf(some)).toContain(
      '  1,200 instances looked at, 1,200 of them not shown, dropped 1,100 by window and 3 by health',
    );
  });
});

describe('prediction and outcome', () => {
  const predictedTtftMs = { mean: 140, standardDeviation: 25, p80: 165 };

  it('are told with their spread', () => {
    expect(fact('predicted', { predictedTtftMs })).toBe(
      'first token 140 ms ± 25 ms after the decision, four of five within 165 ms',
    );
    expect(fact('predicted', { predictedTtftMs: { mean: 9.44, standardDeviation: 1 } })).toBe(
      'first token 9.4 ms ± 1 ms after the decision',
    );
  });

  it('are compared', () => {
    const ended = outcome({
      ttftMs: 162,
      tpotMs: 20,
      promptTokens: 3_000,
      cachedTokens: 120,
      outputTokens: 100,
    });
    const later = { outcome: ended, predictedTtftMs, actualTtftMs: 150, ttftErrorMs: 10 };
    expect(fact('then', later)).toBe(
      'completed with status 200 after 2.13 s, first token 162 ms after its arrival, 150 ms after the decision, ' +
        '10 ms later than predicted, 20 ms per token, 3,000 prompt tokens, 120 of them cached, 100 tokens generated',
    );
    expect(fact('then', { ...later, actualTtftMs: 100, ttftErrorMs: -40 })).toContain(
      '40 ms sooner than predicted',
    );
  });

  it('say how a request failed', () => {
    const failed = outcome({
      outcome: 'failed',
      status: 502,
      errorCode: 'upstream_error',
      attempts: 3,
      e2eMs: 5,
    });
    expect(fact('then', { outcome: failed })).toBe(
      'failed with status 502 (upstream_error) after 5 ms, 3 attempts',
    );
  });
});

describe('the width', () => {
  const long =
    'a reason that is quite long and goes on for longer than one line of any terminal has room for';
  const many = Object.fromEntries(
    ['topology', 'prefix', 'session', 'kv-usage', 'cost'].map((name) => [name, 0.5]),
  );
  const wide = {
    reason: long,
    candidates: [
      { instanceId: 'gpu-1', total: 1, scores: many, reasons: { prefix: long } },
      { instanceId: 'x'.repeat(70), droppedBy: 'window' },
    ],
  };

  it.each([40, 60, 80, 120])('of %d columns is kept to', (width) => {
    for (const line of linesOf(wide, width)) expect(line.length).toBeLessThanOrEqual(width);
    expect(linesOf(wide, width).join(' ').replaceAll(/\s+/g, ' ')).toContain(long);
  });

  it('has each candidate as a paragraph where the columns do not fit', () => {
    expect(linesOf(wide, 120)).toContain('> gpu-1      1.000     0.500   0.500    0.500     0.500  0.500');
    const narrow = linesOf(wide, 50);
    expect(narrow.join('\n')).not.toContain('candidate');
    expect(narrow).toContain('> gpu-1, total 1.000; topology 0.500; prefix');
  });

  it('is at least 40 columns, however narrow the terminal', () => {
    expect(linesOf(wide, 3)).toEqual(linesOf(wide, 40));
  });
});
