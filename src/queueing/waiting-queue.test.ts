import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest } from '../../test/builders.ts';
import { priorityRank, REQUEST_PRIORITIES, tokenFootprint } from '../domain/index.ts';
import { admit } from './admission.ts';
import { fifoPolicy } from './fifo.ts';
import type { SchedulingPolicy } from './policy.ts';
import { priorityPolicy } from './priority.ts';
import { WaitingQueue } from './waiting-queue.ts';

const UNLIMITED = { maxRequests: Number.POSITIVE_INFINITY, maxTokens: Number.POSITIVE_INFINITY };

function aQueue(...requests: ReturnType<typeof aRequest>[]): WaitingQueue {
  const queue = new WaitingQueue(() => fifoPolicy());
  for (const request of requests) queue.add(request, request.arrivalMs);
  return queue;
}

function idsOf(queue: WaitingQueue, model = 'm'): string[] {
  const ids = [];
  for (let node = queue.lane(model).joined.first; node !== undefined; node = node.next)
    ids.push(node.item.request.id);
  return ids;
}

describe('the waiting queue', () => {
  it('keeps a lane per model', () => {
    const queue = aQueue(aRequest({ id: 'a', model: 'x' }), aRequest({ id: 'b', model: 'y' }));
    expect([idsOf(queue, 'x'), idsOf(queue, 'y')]).toEqual([['a'], ['b']]);
  });

  it('knows the request with the earliest deadline', () => {
    const queue = aQueue(
      aRequest({ id: 'none' }),
      aRequest({ id: 'late', deadlineMs: 20 }),
      aRequest({ id: 'soon', deadlineMs: 10 }),
    );
    expect(queue.earliestDeadline()?.request.id).toBe('soon');
  });

  it('refuses a request that waits already', () => {
    const request = aRequest({ id: 'twice' });
    expect(() => aQueue(request, request)).toThrow('request twice waits already');
  });

  it('orders anew what waits when the policy was switched', () => {
    let policy: SchedulingPolicy = fifoPolicy();
    const queue = new WaitingQueue(() => policy);
    queue.add(aRequest({ id: 'low', arrivalMs: 0, priority: 'LOW' }), 0);
    queue.add(aRequest({ id: 'critical', arrivalMs: 5, priority: 'CRITICAL' }), 5);
    policy = priorityPolicy();
    queue.reorder();
    expect(queue.lane('m').order.next({ nowMs: 5, instances: [] })?.waiting.request.id).toBe('critical');
  });

  it('adds up requests and tokens exactly under any joining and leaving', () => {
    const someone = fc.record({
      priority: fc.constantFrom(...REQUEST_PRIORITIES),
      promptTokens: fc.nat(1000),
      maxTokens: fc.nat(1000),
      bodyBytes: fc.nat(1000),
      model: fc.constantFrom('x', 'y'),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(someone, { maxLength: 50 }), (people) => {
        const queue = new WaitingQueue(() => fifoPolicy());
        const joined = people.map(({ leaves, ...fields }) => ({
          leaves,
          waiting: queue.add(aRequest(fields), 0),
        }));
        for (const { waiting } of joined.filter(({ leaves }) => leaves)) queue.remove(waiting);
        const left = joined.filter(({ leaves }) => !leaves).map(({ waiting }) => waiting.request);
        const sum = (list: typeof left): number => list.reduce((total, r) => total + tokenFootprint(r), 0);
        expect(queue.size).toBe(left.length);
        expect(queue.tokens).toBe(sum(left));
        expect(queue.bytes).toBe(left.reduce((total, { bodyBytes = 0 }) => total + bodyBytes, 0));
        for (const [rank] of REQUEST_PRIORITIES.entries()) {
          const lower = left.filter(({ priority }) => priorityRank(priority) > rank);
          const bytes = lower.reduce((total, { bodyBytes = 0 }) => total + bodyBytes, 0);
          expect(queue.below(rank)).toEqual({ requests: lower.length, tokens: sum(lower), bytes });
        }
        for (const model of ['x', 'y']) {
          expect(queue.lane(model).waitingTokens).toBe(sum(left.filter((r) => r.model === model)));
        }
      }),
    );
  });
});

describe('admission', () => {
  const full = { ...UNLIMITED, maxRequests: 3 };
  const waiting = () =>
    aQueue(
      aRequest({ id: 'old low', priority: 'LOW' }),
      aRequest({ id: 'background', priority: 'BACKGROUND' }),
      aRequest({ id: 'new low', priority: 'LOW' }),
    );
  const victimsOf = (newcomer: ReturnType<typeof aRequest>, queue: WaitingQueue, limits: typeof full) => {
    const admission = admit(newcomer, queue, limits);
    if (admission.isAdmitted) return admission.victims.map(({ request }) => request.id);
    return admission.reason === 'full' ? admission.limit : admission.reason;
  };

  it('lets everybody in while there is room', () => {
    expect(victimsOf(aRequest({ priority: 'BACKGROUND' }), waiting(), UNLIMITED)).toEqual([]);
  });

  it('sheds the lowest class first when the queue is full', () => {
    expect(victimsOf(aRequest({ priority: 'HIGH' }), waiting(), full)).toEqual(['background']);
  });

  it('sheds the newest of a class first', () => {
    const queue = aQueue(
      aRequest({ id: 'old', priority: 'LOW', promptTokens: 10 }),
      aRequest({ id: 'new', priority: 'LOW', promptTokens: 10 }),
    );
    expect(victimsOf(aRequest({ promptTokens: 5 }), queue, { ...UNLIMITED, maxTokens: 20 })).toEqual(['new']);
  });

  it('sheds as many as the tokens of the newcomer need', () => {
    const queue = aQueue(
      aRequest({ id: 'a', priority: 'LOW', promptTokens: 10 }),
      aRequest({ id: 'b', priority: 'BACKGROUND', promptTokens: 10 }),
    );
    expect(victimsOf(aRequest({ promptTokens: 15 }), queue, { ...UNLIMITED, maxTokens: 20 })).toEqual([
      'b',
      'a',
    ]);
  });

  it.each(['LOW', 'BACKGROUND'] as const)(
    'refuses a %s request when nobody of a lower class could leave',
    (priority) => {
      const queue = aQueue(...[1, 2, 3].map(() => aRequest({ priority: 'LOW' })));
      expect(victimsOf(aRequest({ priority }), queue, full)).toBe('maxRequests');
    },
  );

  it('sheds nobody when even all of the lower classes would not make room enough', () => {
    const queue = aQueue(
      aRequest({ priority: 'HIGH', promptTokens: 90 }),
      aRequest({ priority: 'LOW', promptTokens: 5 }),
    );
    expect(victimsOf(aRequest({ promptTokens: 50 }), queue, { ...UNLIMITED, maxTokens: 100 })).toBe(
      'maxTokens',
    );
  });

  it('lets a request larger than the whole bound wait alone', () => {
    expect(victimsOf(aRequest({ promptTokens: 500 }), aQueue(), { ...UNLIMITED, maxTokens: 100 })).toEqual(
      [],
    );
  });

  it('holds no more bytes than it may, and sheds as many as are needed', () => {
    const queue = aQueue(
      aRequest({ id: 'small', priority: 'LOW', bodyBytes: 100 }),
      aRequest({ id: 'big', priority: 'LOW', bodyBytes: 800 }),
    );
    const limits = { ...UNLIMITED, maxBytes: 1_000 };
    expect(victimsOf(aRequest({ bodyBytes: 100 }), queue, limits)).toEqual([]);
    expect(victimsOf(aRequest({ bodyBytes: 200 }), queue, limits)).toEqual(['big']);
    expect(victimsOf(aRequest({ bodyBytes: 200, priority: 'LOW' }), queue, limits)).toBe('maxBytes');
    expect(victimsOf(aRequest({ bodyBytes: 5_000 }), aQueue(), limits)).toEqual([]);
  });

  it('asks the gate only whom the limits would let in, and sheds nobody for whom it turns away', () => {
    const refusal = { reason: 'infeasible', message: 'too late' } as const;
    let asked = 0;
    const gate = () => {
      asked++;
      return refusal;
    };
    expect(admit(aRequest({ priority: 'HIGH' }), waiting(), full, gate)).toEqual({
      isAdmitted: false,
      ...refusal,
    });
    expect(admit(aRequest({ priority: 'BACKGROUND' }), waiting(), full, gate)).toMatchObject({
      limit: 'maxRequests',
    });
    expect(asked).toBe(1);
    expect(admit(aRequest(), waiting(), UNLIMITED, () => undefined)).toEqual({
      isAdmitted: true,
      victims: [],
    });
  });

  it('never sheds a class as high as the newcomer, and never more than it must', () => {
    const priority = fc.constantFrom(...REQUEST_PRIORITIES);
    const someone = fc.record({ priority, promptTokens: fc.integer({ min: 1, max: 20 }) });
    fc.assert(
      fc.property(
        fc.array(someone, { maxLength: 30 }),
        someone,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 300 }),
        (people, fields, maxRequests, maxTokens) => {
          const queue = aQueue(...people.map((person) => aRequest(person)));
          const newcomer = aRequest(fields);
          const admission = admit(newcomer, queue, { maxRequests, maxTokens });
          if (!admission.isAdmitted) return;
          const { victims } = admission;
          const rank = priorityRank(newcomer.priority);
          expect(victims.every(({ request }) => priorityRank(request.priority) > rank)).toBe(true);
          const fits = (gone: typeof victims): boolean => {
            const tokens = queue.tokens - gone.reduce((sum, victim) => sum + victim.tokens, 0);
            const isAlone = queue.size === 0;
            return (
              queue.size - gone.length < maxRequests &&
              (isAlone || tokens + newcomer.promptTokens <= maxTokens)
            );
          };
          expect(fits(victims)).toBe(true);
          if (victims.length > 0) expect(fits(victims.slice(0, -1))).toBe(false);
        },
      ),
    );
  });
});
