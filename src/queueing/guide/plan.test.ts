import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest } from '../../../test/builders.ts';
import { createPolicyInstance } from '../custom/policy-instance.ts';
import { fastest, firstLeast, leastLoaded, planInOrder, sortedBy } from './plan.ts';

const rules = {
  choose: (_: unknown, candidates: Parameters<typeof leastLoaded>[0]) => leastLoaded(candidates),
  describe: () => ({}),
};
const planned = (...parameters: Parameters<typeof planInOrder>) =>
  planInOrder(...parameters).map(({ requestId, instanceId }) => `${requestId}→${instanceId}`);

describe('a plan over a list', () => {
  const two = [1, 2].map((i) => aRequest({ id: `r${i}` }));

  it('books each instance, so that the next request sees it', () => {
    const instances = ['a', 'b'].map((id) => createPolicyInstance({ id, maxConcurrency: 2 }));
    expect(planned(two, instances, rules)).toEqual(['r1→a', 'r2→b']);
  });

  it('leaves out requests for which there is no room', () => {
    const instances = [createPolicyInstance({ id: 'a', maxConcurrency: 1 })];
    expect(planned(two, instances, rules)).toEqual(['r1→a']);
  });

  it('gives a request only to an instance of its model that has not failed it', () => {
    const instances = [
      createPolicyInstance({ id: 'other', models: ['x'] }),
      createPolicyInstance({ id: 'adapter', models: ['x'], adapters: ['m'], load: 0.5 }),
      createPolicyInstance({ id: 'any', load: 0.9 }),
    ];
    const requests = [aRequest({ id: 'new' }), aRequest({ id: 'failed', failedInstances: ['adapter'] })];
    expect(planned(requests, instances, rules)).toEqual(['new→adapter', 'failed→any']);
  });

  it('changes neither of its lists', () => {
    const instances = Object.freeze([Object.freeze(createPolicyInstance({ id: 'a' }))]);
    planInOrder(Object.freeze(two), instances, rules);
    expect(instances[0]).toMatchObject({ currentLoad: 0, load: 0 });
  });

  it('never books more than an instance may have', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(fc.nat(4), { maxLength: 5 }), (count, windows) => {
        const requests = Array.from({ length: count }, (_, i) => aRequest({ id: `${i}` }));
        const instances = windows.map((maxConcurrency, i) =>
          createPolicyInstance({ id: `${i}`, maxConcurrency, canAcceptRequest: maxConcurrency > 0 }),
        );
        const decisions = planInOrder(requests, instances, rules);
        const room = windows.reduce((sum, window) => sum + window, 0);
        expect(decisions).toHaveLength(Math.min(count, room));
        for (const { id, maxConcurrency } of instances) {
          const got = decisions.filter(({ instanceId }) => instanceId === id).length;
          expect(got).toBeLessThanOrEqual(maxConcurrency);
        }
      }),
    );
  });
});

describe('choosing by a number', () => {
  it('takes the first of equals', () => {
    const instances = [
      createPolicyInstance({ id: 'a', load: 0.5, avgLatencyMs: 10 }),
      createPolicyInstance({ id: 'b', load: 0.2, avgLatencyMs: 20 }),
      createPolicyInstance({ id: 'c', load: 0.2, avgLatencyMs: 10 }),
    ];
    expect([leastLoaded(instances)?.id, fastest(instances)?.id]).toEqual(['b', 'a']);
    expect(firstLeast([], () => 0)).toBeUndefined();
    expect(firstLeast([1], () => Number.POSITIVE_INFINITY)).toBe(1);
  });

  it('sorts by one number after the other and leaves equals as they came', () => {
    const requests = ['b', 'a', 'c'].map((id) => aRequest({ id, promptTokens: id === 'c' ? 1 : 2 }));
    const sorted = sortedBy(
      requests,
      ({ promptTokens }) => promptTokens,
      () => 0,
    );
    expect(sorted.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });
});
