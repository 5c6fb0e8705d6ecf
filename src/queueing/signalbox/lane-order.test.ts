import { describe, expect, it } from 'vitest';
import { Line } from '../__fixtures__/line.ts';
import { signalboxPolicy } from './policy.ts';

const PLAIN = { expectedOutputTokens: 0, outputWeight: 0 };
const aLine = (parameters = {}): Line => new Line(signalboxPolicy({ ...PLAIN, ...parameters }));
const many = (count: number, fields: object) => Array.from({ length: count }, () => fields);

describe('what is owed to a class', () => {
  it('is served to the higher of two first, where both could be', () => {
    const line = aLine({ bandShare: 0.2 });
    line.join(...many(5, { priority: 'CRITICAL' }), { id: 'low', priority: 'LOW' }, { id: 'normal' });
    line.order(5);
    line.join(...many(3, { priority: 'CRITICAL' }));
    expect(line.order(2)).toEqual(['normal', 'low']);
  });

  it('is never less than nothing: who was served as the highest has no debt', () => {
    const line = aLine({ bandShare: 0.2 });
    line.join(...many(30, {}));
    line.order(20);
    line.join(...many(10, { priority: 'CRITICAL' }));
    const order = line.order(10);
    expect(order.filter((id) => line.queue.get(id) === undefined)).toHaveLength(10);
    line.join({ id: 'critical', priority: 'CRITICAL' });
    expect(line.order(1)).toHaveLength(1);
  });

  it('waits until it pays for the next request, however long that is', () => {
    const line = aLine({ bandShare: 0.1 });
    line.join({ id: 'huge', priority: 'LOW', promptTokens: 1_000 });
    line.join(...many(120, { priority: 'HIGH', promptTokens: 100 }));
    expect(line.order().indexOf('huge')).toBe(100);
  });

  it('is lost when the class has nothing left waiting', () => {
    const line = aLine({ bandShare: 0.2 });
    const [leaver] = line.join({ priority: 'LOW' });
    line.join(...many(20, { priority: 'HIGH' }));
    line.order(4);
    line.queue.remove(line.queue.get(leaver!.id)!);
    line.join({ id: 'next low', priority: 'LOW' });
    expect(line.order(5)).not.toContain('next low');
    expect(line.order(1)).toEqual(['next low']);
  });
});

describe('flows of tenants that are gone', () => {
  it('do not pile up, and those that wait are kept', () => {
    const line = aLine();
    line.join(...many(4_000, { tenant: 'stays', promptTokens: 1 }));
    for (let i = 0; i < 4_000; i++) {
      line.join({ tenant: `guest ${i}`, promptTokens: 1 });
      line.serve();
    }
    expect(line.queue.size).toBe(4_000);
    const tenants = new Set(line.order().map((id) => id));
    expect(tenants.size).toBe(4_000);
  });
});

describe('corrections', () => {
  const complete = (
    line: Line,
    request: Parameters<NonNullable<Line['policy']['onRequestCompleted']>>[0],
    facts: object,
  ) => line.policy.onRequestCompleted?.(request, { latencyMs: 1, queueMs: 0, ...facts }, line.instance, 0);

  it('go by what the engine counted, cached tokens left out', () => {
    const line = new Line(signalboxPolicy({ expectedOutputTokens: 0 }));
    line.join(...many(2, { tenant: 'a', promptTokens: 100 }), { tenant: 'b', promptTokens: 60 });
    const { request } = line.serve()!;
    complete(line, request, { promptTokens: 110, cachedTokens: 100, outputTokens: 20 });
    expect(line.policy.getStats?.()).toMatchObject({ consumedOfWaitingTenants: { NORMAL: { a: 50, b: 0 } } });
  });

  it('do not happen where the engine counted nothing', () => {
    const line = new Line(signalboxPolicy({ expectedOutputTokens: 10 }));
    line.join(...many(2, { tenant: 'a', promptTokens: 100 }));
    complete(line, line.serve()!.request, {});
    expect(line.policy.getStats?.()).toMatchObject({ consumedOfWaitingTenants: { NORMAL: { a: 120 } } });
  });

  it('happen once, whatever is said of the request afterwards', () => {
    const line = new Line(signalboxPolicy({ expectedOutputTokens: 10 }));
    line.join(...many(2, { tenant: 'a', promptTokens: 100 }));
    const { request } = line.serve()!;
    complete(line, request, { outputTokens: 0 });
    complete(line, request, { outputTokens: 500 });
    line.policy.onRequestFailed?.(request, line.instance, 0, 'failed');
    expect(line.policy.getStats?.()).toMatchObject({ consumedOfWaitingTenants: { NORMAL: { a: 100 } } });
  });

  it.each([
    ['an embedding has no output', { kind: 'embedding' as const }, 100],
    ['no more is expected than was asked for', { maxTokens: 3 }, 106],
    ['nothing else is known', {}, 120],
  ])('are of what was charged in advance: %s', (_, fields, expected) => {
    const line = new Line(signalboxPolicy({ expectedOutputTokens: 10 }));
    line.join(...many(2, { tenant: 'a', promptTokens: 100, ...fields }));
    line.serve();
    expect(line.policy.getStats?.()).toMatchObject({ consumedOfWaitingTenants: { NORMAL: { a: expected } } });
  });

  it('follow the predictor where there is one', () => {
    const predictor = { expectedOutputTokens: () => 40 } as never;
    const line = new Line(signalboxPolicy({}, { predictor }));
    line.join(...many(2, { tenant: 'a', promptTokens: 100 }));
    line.serve();
    expect(line.policy.getStats?.()).toMatchObject({ consumedOfWaitingTenants: { NORMAL: { a: 180 } } });
  });
});
