import { describe, expect, it } from 'vitest';
import { aRequest, aView } from '../../../test/builders.ts';
import type { InstanceRole, InstanceView } from '../../domain/index.ts';
import { Line } from '../__fixtures__/line.ts';
import { createPolicyInstance } from '../custom/policy-instance.ts';
import { productionPolicy } from './policy.ts';

const at = (nowMs: number) => ({ nowMs });

describe('production: the guide’s score', () => {
  const scoreOf = (
    fields: object,
    instances = [createPolicyInstance({ id: 'a', models: ['m'] })],
    parameters = {},
  ) => {
    const request = aRequest(fields);
    return productionPolicy(parameters).scores([request], instances, at(1_000)).get(request);
  };

  it.each([
    ['class, and idle instances', { priority: 'HIGH' }, 40 + 10],
    ['half of its time is over', { ttftSloMs: 2_000 }, 30 + 2 * 25 + 10],
    ['late', { ttftSloMs: 999 }, 30 + 2 * 100 + 10],
  ])('%s', (_, fields, expected) => {
    expect(scoreOf(fields)).toBe(expected);
  });

  it('falls with the load of the instances, and rises with a preferred machine', () => {
    const instances = [createPolicyInstance({ id: 'a', models: ['m'], currentLoad: 50, machine: 'here' })];
    expect(scoreOf({}, instances)).toBe(30 + 5);
    expect(scoreOf({}, instances, { preferredMachine: 'here' })).toBe(30 + 5 + 2.5);
  });

  it('is not given where every instance of the model is overloaded, out, or missing', () => {
    const overloaded = createPolicyInstance({ id: 'a', models: ['m'], currentLoad: 81 });
    const out = createPolicyInstance({ id: 'b', models: ['m'], isAvailable: false });
    const other = createPolicyInstance({ id: 'c', models: ['x'] });
    expect(scoreOf({}, [overloaded, out, other])).toBeUndefined();
    expect(productionPolicy().nextRequest([aRequest()], [overloaded, out, other], at(0))).toBeUndefined();
  });
});

describe('production: the live order', () => {
  it('is by class among requests alike', () => {
    const line = new Line(productionPolicy());
    line.join({ id: 'low', priority: 'LOW' }, { id: 'critical', priority: 'CRITICAL' }, { id: 'normal' });
    expect(line.order(3, [aView('a')])).toEqual(['critical', 'normal', 'low']);
  });

  it('lets a shorter promise outweigh a class, as the guide’s score does near the deadline', () => {
    const line = new Line(productionPolicy());
    line.join({ id: 'high', priority: 'HIGH', ttftSloMs: 10_000 }, { id: 'short', ttftSloMs: 1_000 });
    line.nowMs = 900;
    expect(line.order(1, [aView('a')])).toEqual(['short']);
  });

  it('sets late ones aside, where the guide would let them go before all', () => {
    const line = new Line(productionPolicy());
    line.join({ id: 'late', ttftSloMs: 100 }, { id: 'timely', ttftSloMs: 5_000 });
    line.nowMs = 1_000;
    expect(line.order(2, [aView('a')])).toEqual(['timely', 'late']);
  });
});

describe('production: the instance', () => {
  const place = (views: ReturnType<typeof aView>[], parameters = {}, fields = {}) => {
    const line = new Line(productionPolicy(parameters));
    line.join(fields);
    return line.next(views)?.instanceId;
  };
  const loaded = (id: string, inFlightRequests: number, labels = {}) =>
    aView(id, { inFlightRequests, instance: { maxConcurrency: 10, labels } });

  it('is the emptiest', () => {
    expect(place([loaded('a', 5), loaded('b', 3)])).toBe('b');
  });

  it('is of the preferred machine, unless it is much fuller', () => {
    const parameters = { preferredMachine: 'here' };
    const here = (load: number) => loaded('here', load, { machine: 'here' });
    expect(place([loaded('a', 3), here(5)], parameters)).toBe('here');
    expect(place([loaded('a', 3), here(6)], parameters)).toBe('a');
  });

  it('is nobody while all are beyond the load threshold, or cannot take it', () => {
    expect(place([loaded('a', 9)])).toBeUndefined();
    expect(place([loaded('a', 8)])).toBe('a');
    expect(place([loaded('a', 0)], {}, { failedInstances: ['a'] })).toBeUndefined();
  });

  describe('in a fleet of prefill and decode instances', () => {
    const split = (id: string, role: InstanceRole, inFlightRequests: number) =>
      aView(id, { inFlightRequests, instance: { maxConcurrency: 10, role } });
    const next = (...views: readonly InstanceView[]) => {
      const line = new Line(productionPolicy());
      line.join({ id: 'r' });
      return line.next(views);
    };

    it('is for routing to choose', () => {
      const chosen = next(split('p', 'prefill', 5), split('d', 'decode', 9));
      expect(chosen?.waiting.request.id).toBe('r');
      expect(chosen?.instanceId).toBeUndefined();
    });

    it('is nobody while all are beyond the load threshold', () => {
      expect(next(split('p', 'prefill', 9), split('d', 'decode', 9))).toBeUndefined();
    });

    it('is one of those that do whole requests, where there are any', () => {
      expect(next(split('p', 'prefill', 0), split('w', 'both', 5))?.instanceId).toBe('w');
      expect(next(split('p', 'prefill', 0), split('w', 'both', 9))).toBeUndefined();
    });
  });
});

describe('production: figures', () => {
  it('are decisions and the mean of the last thousand latencies of each model', () => {
    const line = new Line(productionPolicy());
    line.join({}, {});
    line.serve(undefined, 'm', [aView('a')]);
    for (let i = 0; i < 1_001; i++) {
      const facts = { latencyMs: i === 0 ? 1e9 : 100, queueMs: 0 };
      line.policy.onRequestCompleted?.(aRequest({ model: 'x' }), facts, line.instance, 0);
    }
    expect(line.policy.getStats?.()).toEqual({
      totalDecisions: 1,
      dispatchedLate: 0,
      avgLatencyByModel: { x: 100 },
    });
  });

  it('give the list in order of score, and book instances below the threshold', () => {
    const policy = productionPolicy({ maxLoad: 0.5 });
    const requests = [
      aRequest({ id: 'low', priority: 'LOW' }),
      aRequest({ id: 'late', priority: 'LOW', ttftSloMs: 10 }),
    ];
    expect(policy.prioritize(requests, at(1_000)).map(({ id }) => id)).toEqual(['late', 'low']);
    const instances = [
      createPolicyInstance({ id: 'full', currentLoad: 60 }),
      createPolicyInstance({ id: 'free' }),
    ];
    expect(policy.schedule(requests, instances, at(1_000)).map(({ instanceId }) => instanceId)).toEqual([
      'free',
      'free',
    ]);
  });
});
