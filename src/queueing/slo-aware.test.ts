import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest } from '../../test/builders.ts';
import { Line } from './__fixtures__/line.ts';
import { createPolicyInstance } from './custom/policy-instance.ts';
import { sloAwarePolicy, urgency } from './slo-aware.ts';

const aLine = (parameters = {}): Line => new Line(sloAwarePolicy(parameters));

describe('slo-aware', () => {
  it('lets whoever is due first go first, by deadline or by SLO', () => {
    const line = aLine();
    line.join(
      { id: 'deadline', deadlineMs: 800 },
      { id: 'slo', ttftSloMs: 500 },
      { id: 'both', deadlineMs: 900, ttftSloMs: 600 },
    );
    expect(line.order()).toEqual(['slo', 'both', 'deadline']);
  });

  it('takes a request without an SLO as due after a minute, so that it never starves', () => {
    const line = aLine();
    line.join({ id: 'without' }, { id: 'soon', arrivalMs: 59_000, ttftSloMs: 500 });
    line.join({ id: 'later', arrivalMs: 59_900, ttftSloMs: 500 });
    line.nowMs = 59_900;
    // `soon` is late by now, and steps aside.
    expect(line.order()).toEqual(['without', 'later', 'soon']);
  });

  it('does not let late ones cost those their deadline who can still make it', () => {
    const line = aLine();
    line.join(...[1, 2, 3].map((i) => ({ id: `late${i}`, ttftSloMs: 100 })), { id: 'can', ttftSloMs: 5_000 });
    line.nowMs = 4_000;
    expect(line.order(1)).toEqual(['can']);
  });

  it('serves late ones all the same', () => {
    const line = aLine({ lateShare: 0.5 });
    line.join(
      { id: 'late', ttftSloMs: 100 },
      ...[1, 2, 3].map((i) => ({ id: `timely${i}`, ttftSloMs: 9_000 })),
    );
    line.nowMs = 1_000;
    expect(line.order()).toEqual(['timely1', 'late', 'timely2', 'timely3']);
    expect(line.policy.getStats?.()).toEqual({ dispatched: 4, dispatchedLate: 1 });
  });

  it('lets lanes with somebody in time go before lanes in which all are late', () => {
    const line = aLine();
    line.join({ model: 'x', ttftSloMs: 10 }, { model: 'y', ttftSloMs: 9_000 });
    line.nowMs = 1_000;
    line.next([], 'x');
    const keys = ['x', 'y'].map((model) => line.queue.lane(model).order.headKey());
    expect(keys[0]).toBeGreaterThan(keys[1]!);
  });

  it.each([
    ['nothing is promised', {}, 0],
    ['half of the time is over', { ttftSloMs: 2_000 }, 0.5],
    ['it is due', { deadlineMs: 1_000 }, 1],
    ['it is long late', { deadlineMs: 10 }, 1],
  ])('is urgent by the share of the time it has waited: %s', (_, fields, expected) => {
    expect(urgency(aRequest({ arrivalMs: 0, ...fields }), 1_000)).toBe(expected);
  });

  it('gives an urgent request of a list the fastest instance, another the least loaded', () => {
    const instances = [
      createPolicyInstance({ id: 'fast', avgLatencyMs: 10, load: 0.5 }),
      createPolicyInstance({ id: 'idle', avgLatencyMs: 90 }),
    ];
    const requests = [
      aRequest({ id: 'calm', ttftSloMs: 1_500 }),
      aRequest({ id: 'urgent', ttftSloMs: 1_100 }),
    ];
    const decisions = sloAwarePolicy().schedule(requests, instances, { nowMs: 1_000 });
    expect(decisions.map(({ requestId, instanceId }) => [requestId, instanceId])).toEqual([
      ['urgent', 'fast'],
      ['calm', 'idle'],
    ]);
  });

  it('lets nobody wait for ever while others keep coming', () => {
    const someone = fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(someone, { minLength: 1, maxLength: 20 }), someone, (first, others) => {
        const line = aLine({ noSloMs: 5_000 });
        const fields = (ttftSloMs: number | undefined) => ({
          arrivalMs: line.nowMs,
          ...(ttftSloMs !== undefined && { ttftSloMs }),
        });
        const ids = new Set(line.join(...first.map(fields)).map(({ id }) => id));
        for (let i = 0; i < 400 && ids.size > 0; i++) {
          line.join(fields(others));
          ids.delete(line.serve()!.request.id);
          line.nowMs += 100;
        }
        expect(ids.size).toBe(0);
      }),
    );
  });
});
