import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest } from '../../test/builders.ts';
import { REQUEST_PRIORITIES } from '../domain/index.ts';
import { createPolicy, POLICY_NAMES } from './policies.ts';
import { priorityPolicy } from './priority.ts';
import { WaitingQueue } from './waiting-queue.ts';

function order(policyName: string, requests: ReturnType<typeof aRequest>[], agingMs?: number): string[] {
  const policy = createPolicy({ name: policyName, ...(agingMs !== undefined && { agingMs }) });
  const queue = new WaitingQueue(() => policy);
  for (const request of requests) queue.add(request, request.arrivalMs);
  const lane = queue.lane('m');
  return requests.map(() => {
    const { waiting } = lane.order.next({ nowMs: 0, instances: [] })!;
    queue.remove(queue.get(waiting.request.id)!);
    return waiting.request.id;
  });
}

describe('fifo', () => {
  it('goes by arrival alone', () => {
    const requests = [
      aRequest({ id: 'third', arrivalMs: 30, priority: 'CRITICAL' }),
      aRequest({ id: 'first', arrivalMs: 10, priority: 'BACKGROUND' }),
      aRequest({ id: 'second', arrivalMs: 20 }),
    ];
    expect(order('fifo', requests)).toEqual(['first', 'second', 'third']);
  });

  it('gives a retried request its old place', () => {
    const requests = [
      aRequest({ id: 'new', arrivalMs: 20 }),
      aRequest({ id: 'retried', arrivalMs: 10, retries: 2 }),
    ];
    expect(order('fifo', requests)).toEqual(['retried', 'new']);
  });
});

describe('priority', () => {
  it('goes by class among requests of one moment', () => {
    const requests = [...REQUEST_PRIORITIES]
      .reverse()
      .map((priority) => aRequest({ id: priority, priority }));
    expect(order('priority', requests)).toEqual([...REQUEST_PRIORITIES]);
  });

  it.each([
    ['30 s of waiting weigh as much as one class', 30_001, ['old LOW', 'new NORMAL']],
    ['less waiting does not', 29_999, ['new NORMAL', 'old LOW']],
  ])('ages: %s', (_, arrivalMs, expected) => {
    const requests = [
      aRequest({ id: 'old LOW', arrivalMs: 0, priority: 'LOW' }),
      aRequest({ id: 'new NORMAL', arrivalMs, priority: 'NORMAL' }),
    ];
    expect(order('priority', requests)).toEqual(expected);
  });

  it('never lets a request be overtaken by one that arrived more than four classes of ageing later', () => {
    const aPriority = fc.constantFrom(...REQUEST_PRIORITIES);
    const moment = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(
        moment,
        moment,
        aPriority,
        aPriority,
        fc.integer({ min: 0, max: 60_000 }),
        (a, b, x, y, agingMs) => {
          const policy = priorityPolicy({ agingMs });
          const earlier = aRequest({ arrivalMs: a, priority: x });
          const later = aRequest({ arrivalMs: a + 4 * agingMs + b + 1, priority: y });
          expect(policy.orderKey(earlier)).toBeLessThan(policy.orderKey(later));
        },
      ),
    );
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses an ageing of %s', (agingMs) => {
    expect(() => createPolicy({ name: 'priority', agingMs })).toThrow(
      'agingMs must be a number of at least 0',
    );
  });
});

describe('the table of policies', () => {
  it('has those that it names', () => {
    expect(POLICY_NAMES.map((name) => createPolicy({ name }).name)).toEqual(POLICY_NAMES);
  });

  it.each(['lifo', 'constructor', ''])('refuses "%s" and says what is allowed', (name) => {
    expect(() => createPolicy({ name })).toThrow(`found "${name}", allowed are signalbox, fifo, priority`);
  });
});
