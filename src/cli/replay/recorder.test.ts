import { describe, expect, it } from 'vitest';
import type { CallOutcome } from './call.ts';
import type { Failure } from './failure.ts';
import { Recorder } from './recorder.ts';

const request = { arrivalMs: 0, promptTokens: 10, outputTokens: 5, line: 1 };
const times = { intendedAtMs: 1000, latenessMs: 2, heldBackMs: 0 };
const facts = { endAtMs: 1500, instanceId: undefined, queueMs: undefined };

type Completed = Extract<CallOutcome, { type: 'completed' }>;

function completed(given: Partial<Completed> = {}): Completed {
  return {
    type: 'completed',
    firstTokenAtMs: 1100,
    lastTokenAtMs: 1480,
    outputTokens: 5,
    promptTokens: undefined,
    cachedTokens: undefined,
    ...facts,
    ...given,
  };
}

const failed = (failure: Failure): CallOutcome => ({ type: 'failed', failure, ...facts });

function recorded(outcomes: readonly CallOutcome[], slo = {}): Recorder {
  const recorder = new Recorder(slo);
  for (const outcome of outcomes) {
    recorder.recordSent(times);
    recorder.recordEnd(request, times, outcome);
  }
  return recorder;
}

describe('Recorder', () => {
  it('measures from the intended moment', () => {
    const { ttftMs, tpotMs, e2eMs } = recorded([completed()]);
    expect(ttftMs.distribution()?.max).toBe(100);
    expect(tpotMs.distribution()?.max).toBe(95);
    expect(e2eMs.distribution()?.max).toBe(500);
  });

  it('has no time per further token for an answer of one', () => {
    expect(recorded([completed({ outputTokens: 1 })]).tpotMs.count).toBe(0);
  });

  it('counts what is in flight', () => {
    const recorder = recorded([
      completed(),
      failed({ kind: 'connect', message: '' }),
      { type: 'aborted', ...facts },
    ]);
    recorder.recordSent(times);
    expect(recorder).toMatchObject({ sent: 4, completed: 1, failed: 1, aborted: 1, inFlight: 1 });
  });

  it('counts failures of a kind together, with an example', () => {
    const full = (message: string): CallOutcome =>
      failed({ kind: 'http', status: 429, code: 'queue_full', message });
    const { failures } = recorded([
      full('one'),
      full('two'),
      failed({ kind: 'http', status: 500, message: '' }),
    ]);
    expect([...failures].map(([key, { count, failure }]) => [key, count, failure.message])).toEqual([
      ['http 429 queue_full', 2, 'one'],
      ['http 500', 1, ''],
    ]);
  });

  it('judges completed requests by the SLO', () => {
    expect(recorded([completed(), completed({ firstTokenAtMs: 1201 })], { ttftMs: 200 }).metSlo).toBe(1);
    expect(recorded([failed({ kind: 'timeout', message: '' })]).metSlo).toBe(0);
  });

  it('adds up tokens: those the answer told, else those of the trace', () => {
    const { promptTokens, outputTokens, otherLength } = recorded([
      completed(),
      completed({ promptTokens: 12, outputTokens: 4 }),
    ]);
    expect({ promptTokens, outputTokens, otherLength }).toEqual({
      promptTokens: 22,
      outputTokens: 9,
      otherLength: 1,
    });
  });

  it('knows of cached tokens only where an answer told of them', () => {
    expect(recorded([completed()]).cachedTokens).toBeUndefined();
    expect(recorded([completed({ cachedTokens: 0 })]).cachedTokens).toBe(0);
    expect(
      recorded([completed({ cachedTokens: 3 }), completed(), completed({ cachedTokens: 4 })]).cachedTokens,
    ).toBe(7);
  });

  it('splits by instance what names one', () => {
    const { instances, queueMs } = recorded([
      completed({ instanceId: 'a', queueMs: 3 }),
      { ...failed({ kind: 'truncated', message: '' }), instanceId: 'a', queueMs: 5 },
      completed({ instanceId: 'b' }),
      completed(),
    ]);
    expect([...instances.keys()]).toEqual(['a', 'b']);
    expect(instances.get('a')).toMatchObject({ requests: 2, completed: 1, failed: 1, outputTokens: 5 });
    expect(queueMs.distribution()).toMatchObject({ count: 2, mean: 4 });
  });

  it('remembers when it all began and ended', () => {
    const recorder = recorded([completed({ endAtMs: 1700 }), completed()]);
    recorder.recordSent({ ...times, intendedAtMs: 4000, heldBackMs: 1 });
    expect(recorder).toMatchObject({ firstIntendedAtMs: 1000, lastEndAtMs: 1700, heldBack: 1 });
  });
});
