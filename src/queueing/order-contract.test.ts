import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aView } from '../../test/builders.ts';
import { REQUEST_PRIORITIES } from '../domain/index.ts';
import { functionPolicy } from './custom/function-policy.ts';
import type { OrderedRequest } from './order.ts';
import { createPolicy, POLICY_NAMES } from './policies.ts';
import type { SchedulingPolicy } from './policy.ts';
import { SwappablePolicy } from './swappable-policy.ts';

/** Every policy there is: built in, of each form that an author may write, and standing for another. */
const POLICIES: Readonly<Record<string, () => SchedulingPolicy>> = {
  ...Object.fromEntries(POLICY_NAMES.map((name) => [name, () => createPolicy({ name })])),
  'signalbox with locality': () =>
    createPolicy(
      { name: 'signalbox' },
      { prefixes: { cachedTokens: () => 0, mostCachedTokens: ({ promptTokens }) => promptTokens % 7 } },
    ),
  'a function: orderKey': () => functionPolicy({ name: 'f', orderKey: ({ promptTokens }) => promptTokens }),
  'a function: nextRequest': () => functionPolicy({ name: 'f', nextRequest: (pending) => pending.at(-1) }),
  'a function: schedule': () =>
    functionPolicy({ name: 'f', schedule: (requests) => requests.map(({ id }) => ({ requestId: id })) }),
  'a function: prioritize': () =>
    functionPolicy({ name: 'f', prioritize: (requests) => requests.toReversed() }),
  'one that stands for another': () => new SwappablePolicy(createPolicy({ name: 'priority' })),
};

const fields = fc.record({
  priority: fc.constantFrom(...REQUEST_PRIORITIES),
  tenant: fc.constantFrom('a', 'b', undefined),
  promptTokens: fc.integer({ min: 1, max: 3_000 }),
  sloMs: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), fields }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('go' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
);

const instances = [aView('a'), aView('b', { inFlightRequests: 40 })];
const instance = anInstance('a');

describe.each(Object.entries(POLICIES))('the order of %s', (_, create) => {
  it('holds exactly those who joined and have not left, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const policy = create();
        const order = policy.createOrder();
        const waiting: OrderedRequest[] = [];
        let nowMs = 0;
        let joined = 0;
        for (const action of steps) {
          if (action.do === 'add') {
            const { sloMs, tenant, ...rest } = action.fields;
            const request = aRequest({
              ...rest,
              id: `r${joined}`,
              arrivalMs: nowMs,
              ...(tenant !== undefined && { tenant }),
              ...(sloMs !== undefined && { ttftSloMs: sloMs }),
            });
            const one = { request, tokens: request.promptTokens, enqueuedMs: nowMs, joinOrder: joined++ };
            waiting.push(one);
            order.add(one);
          } else if (action.do === 'wait') {
            nowMs += action.ms;
          } else if (action.do === 'leave' && waiting.length > 0) {
            const [one] = waiting.splice(action.at % waiting.length, 1);
            order.remove(one!);
            order.remove(one!);
          } else if (action.do === 'go') {
            const next = order.next({ nowMs, instances });
            expect(next === undefined).toBe(waiting.length === 0);
            if (next !== undefined) {
              // Asking does not take it out, and asking again says the same.
              expect(order.next({ nowMs, instances })?.waiting).toBe(next.waiting);
              const at = waiting.indexOf(next.waiting);
              expect(at).toBeGreaterThanOrEqual(0);
              waiting.splice(at, 1);
              order.remove(next.waiting);
              policy.onRequestDispatched?.(next.waiting.request, instance, nowMs);
            }
          }
          expect(order.size).toBe(waiting.length);
          expect(Number.isFinite(order.headKey())).toBe(waiting.length > 0);
          for (const one of waiting) {
            const ahead = order.ahead(one, nowMs);
            expect(Number.isInteger(ahead) && ahead >= 0).toBe(true);
          }
        }
        while (order.size > 0) {
          const { waiting: one } = order.next({ nowMs, instances })!;
          order.remove(one);
          waiting.splice(waiting.indexOf(one), 1);
        }
        expect(waiting).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('is empty at first, and says nothing of strangers', () => {
    const order = create().createOrder();
    const request = aRequest();
    const stranger = { request, tokens: 1, enqueuedMs: 0, joinOrder: 0 };
    order.remove(stranger);
    expect(order.size).toBe(0);
    expect(order.next({ nowMs: 0, instances })).toBeUndefined();
    expect(order.ahead(stranger, 0)).toBe(0);
  });

  it('is its own for each lane', () => {
    const policy = create();
    const [one, other] = [policy.createOrder(), policy.createOrder()];
    one.add({ request: aRequest(), tokens: 1, enqueuedMs: 0, joinOrder: 0 });
    expect([one.size, other.size]).toEqual([1, 0]);
    expect(other.next({ nowMs: 0, instances })).toBeUndefined();
  });
});
