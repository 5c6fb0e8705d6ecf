import { describe, expect, it } from 'vitest';
import { aDecision, aRecord } from './__fixtures__/builders.ts';
import { explainDecision } from './explain-decision.ts';

describe('an explanation', () => {
  it('tells who went where, why, against whom, what was predicted and what came of it', () => {
    const decision = aDecision({
      attempt: 2,
      candidateCount: 3,
      filteredOut: { healthy: 1 },
      candidates: [
        {
          instanceId: 'gpu-1',
          total: 0.83,
          scores: { 'least-loaded': 0.75, prefix: 1 },
          reasons: { 'least-loaded': '2 of 8 in flight' },
        },
        { instanceId: 'gpu-2', total: 0.4, scores: { 'least-loaded': 0.4 } },
        { instanceId: 'gpu-3', droppedBy: 'healthy', reasons: { healthy: 'ejected' } },
      ],
      predictedTtftMs: { mean: 140, standardDeviation: 25 },
    });
    const outcome = aRecord({ attempts: 2 });
    expect(explainDecision({ decision, tookMicros: 11.6, outcome }).split('\n')).toEqual([
      'Request request-1 for llama waited 12 ms and was sent to gpu-1 (attempt 2) at 2026-01-01T00:00:00.000Z.',
      'Why: least loaded',
      'Policy "fifo" chose when, profile "default" chose where; deciding took 12 µs.',
      '3 instances were looked at:',
      '  - gpu-1: 0.830 = least-loaded 0.750 (2 of 8 in flight), prefix 1.000',
      '  - gpu-2: 0.400 = least-loaded 0.400',
      '  - gpu-3: dropped by "healthy" (ejected)',
      'Filtered out: 1 by "healthy".',
      'Predicted time to first token: 140 ms ± 25 ms. It came 150 ms after the dispatch, 10 ms later.',
      'Then: completed on gpu-1 with status 200 after 2.13 s, 2 attempts, first token after 150 ms, 20 ms per token, ' +
        '300 prompt tokens, 120 of them cached, 100 tokens generated.',
    ]);
  });

  it('says how far a prediction reaches, and that the token came sooner', () => {
    const decision = aDecision({ predictedTtftMs: { mean: 190.4, standardDeviation: 25, p80: 210 } });
    const predicted = 'Predicted time to first token: 190 ms ± 25 ms, within 210 ms four times of five.';
    expect(explainDecision({ decision, tookMicros: 1 })).toContain(`${predicted}\n`);
    const outcome = aRecord({ ttftMs: 150 });
    expect(explainDecision({ decision, tookMicros: 1, outcome })).toContain(
      `${predicted} It came 150 ms after the dispatch, 40 ms sooner.`,
    );
  });

  it('says that a request still runs', () => {
    expect(explainDecision({ decision: aDecision(), tookMicros: 1 })).toContain(
      'The request has not ended yet.',
    );
  });

  it('says how a request failed', () => {
    const outcome = aRecord({
      outcome: 'failed',
      status: 502,
      errorCode: 'upstream_disconnected',
      e2eMs: 3.21,
    });
    expect(explainDecision({ decision: aDecision(), tookMicros: 1, outcome })).toContain(
      'Then: failed on gpu-1 with status 502, upstream_disconnected after 3.2 ms',
    );
  });

  it('says when more candidates were looked at than were kept', () => {
    const decision = aDecision({ candidateCount: 900, candidates: [{ instanceId: 'gpu-1', total: 1 }] });
    const text = explainDecision({ decision, tookMicros: 1 });
    expect(text).toContain('900 instances were looked at, 1 of them kept here:\n  - gpu-1: 1.000');
  });
});
