import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDecision, aRecord } from './__fixtures__/builders.ts';
import { createDecisionLog } from './decision-log.ts';

const decisionIds = (log: ReturnType<typeof createDecisionLog>, query = {}) =>
  log.list(query).map(({ decision }) => decision.id);

describe('the decision log', () => {
  it('finds a decision by its own id and by its request', () => {
    const log = createDecisionLog();
    log.record(aDecision({ id: 'd1', requestId: 'r1' }), 7);
    expect(log.get('d1')).toEqual({ decision: aDecision({ id: 'd1', requestId: 'r1' }), tookMicros: 7 });
    expect(log.get('r1')).toBe(log.get('d1'));
    expect(log.get('r2')).toBeUndefined();
  });

  it('gives the last attempt for a request that was retried', () => {
    const log = createDecisionLog();
    log.record(aDecision({ id: 'd1', requestId: 'r1' }), 1);
    log.record(aDecision({ id: 'd2', requestId: 'r1', attempt: 2 }), 1);
    expect(log.get('r1')?.decision.id).toBe('d2');
  });

  it('joins the end of a request to each of its attempts and to no other', () => {
    const log = createDecisionLog();
    log.record(aDecision({ id: 'd1', requestId: 'r1' }), 1);
    log.record(aDecision({ id: 'd2', requestId: 'r2' }), 1);
    log.record(aDecision({ id: 'd3', requestId: 'r1', attempt: 2 }), 1);
    const record = aRecord({ requestId: 'r1', attempts: 2 });
    log.outcome(record);
    expect(['d1', 'd2', 'd3'].map((id) => log.get(id)?.outcome)).toEqual([record, undefined, record]);
  });

  it('ignores the end of a request that it knows nothing of', () => {
    const log = createDecisionLog();
    log.outcome(aRecord({ requestId: 'never-seen' }));
    expect(log.list()).toEqual([]);
  });

  it('lists newest first, and only what is asked for', () => {
    const log = createDecisionLog();
    log.record(aDecision({ id: 'd1', requestId: 'r1', model: 'a', instanceId: 'x' }), 1);
    log.record(aDecision({ id: 'd2', requestId: 'r2', model: 'b', instanceId: 'x' }), 1);
    log.record(aDecision({ id: 'd3', requestId: 'r3', model: 'a', instanceId: 'y' }), 1);
    expect(decisionIds(log)).toEqual(['d3', 'd2', 'd1']);
    expect(decisionIds(log, { limit: 2 })).toEqual(['d3', 'd2']);
    expect(decisionIds(log, { model: 'a' })).toEqual(['d3', 'd1']);
    expect(decisionIds(log, { model: 'a', limit: 1 })).toEqual(['d3']);
    expect(decisionIds(log, { instanceId: 'x' })).toEqual(['d2', 'd1']);
    expect(decisionIds(log, { requestId: 'r2' })).toEqual(['d2']);
    expect(decisionIds(log, { model: 'b', instanceId: 'y' })).toEqual([]);
  });

  it.each([-1, 1.5, Number.NaN])('refuses to keep %d decisions', (capacity) => {
    expect(() => createDecisionLog(capacity)).toThrow(RangeError);
  });

  it('keeps nothing when told to keep nothing', () => {
    const log = createDecisionLog(0);
    log.record(aDecision(), 1);
    log.outcome(aRecord());
    expect(log.list()).toEqual([]);
    expect(log.get(aDecision().id)).toBeUndefined();
  });

  it('behaves as a list of the last N, for any sequence', () => {
    const step = fc.record({
      request: fc.integer({ min: 0, max: 6 }),
      kind: fc.constantFrom('decide', 'end'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, capacity) => {
        const log = createDecisionLog(capacity);
        let expected: { id: string; requestId: string; ended: boolean }[] = [];
        const attempts = new Map<string, number>();
        for (const [index, { request, kind }] of steps.entries()) {
          const requestId = `r${request}`;
          if (kind === 'end') {
            log.outcome(aRecord({ requestId }));
            for (const entry of expected) if (entry.requestId === requestId) entry.ended = true;
            continue;
          }
          const attempt = (attempts.get(requestId) ?? 0) + 1;
          attempts.set(requestId, attempt);
          log.record(aDecision({ id: `d${index}`, requestId, attempt }), 1);
          expected = [...expected, { id: `d${index}`, requestId, ended: false }].slice(-capacity);
        }
        const found = log.list({ limit: 1000 }).map(({ decision, outcome }) => ({
          id: decision.id,
          requestId: decision.requestId,
          ended: outcome !== undefined,
        }));
        expect(found).toEqual([...expected].reverse());
        for (const { id } of expected) expect(log.get(id)?.decision.id).toBe(id);
        for (const requestId of new Set(steps.map(({ request }) => `r${request}`))) {
          const last = expected.findLast((entry) => entry.requestId === requestId);
          expect(log.get(requestId)?.decision.id).toBe(last?.id);
        }
      }),
    );
  });
});
