import { describe, expect, it } from 'vitest';
import { aRequest, aView, type ViewFields } from '../../../test/builders.ts';
import type { LatencyPredictor, RequestMetadata } from '../../domain/index.ts';
import { Line } from '../__fixtures__/line.ts';
import { createPolicyInstance } from '../custom/policy-instance.ts';
import { costOptimizedPolicy } from './policy.ts';

const cheap = (fields: ViewFields = {}) =>
  aView('cheap', { ...fields, instance: { usdPerHour: 1, ...fields.instance } });
const dear = (fields: ViewFields = {}) =>
  aView('dear', { ...fields, instance: { usdPerHour: 10, ...fields.instance } });

/** Where one request with `fields` goes. */
function placeOf(
  fields: Partial<RequestMetadata>,
  views: ReturnType<typeof aView>[],
  inputs = {},
  nowMs = 0,
) {
  const line = new Line(costOptimizedPolicy({}, inputs));
  line.nowMs = nowMs;
  line.join(fields);
  return line.next(views);
}

describe('cost-optimized: the cheapest instance', () => {
  it('takes the request', () => {
    expect(placeOf({}, [dear(), cheap()])).toMatchObject({
      instanceId: 'cheap',
      reason: '$0.000278 expected in 1000 ms',
    });
  });

  it('is priced by its GPUs where it has no price of its own', () => {
    const line = new Line(costOptimizedPolicy({ pricePerGpuHour: 2 }));
    line.join({});
    const views = [aView('eight GPUs', { instance: { gpuCount: 8 } }), aView('one GPU')];
    expect(line.next(views)?.instanceId).toBe('one GPU');
  });

  it('is, of equal prices, the least loaded', () => {
    const busy = aView('busy', { inFlightRequests: 5 });
    expect(placeOf({}, [busy, aView('idle')])?.instanceId).toBe('idle');
  });

  it('may be the dearer by the hour, when it is so much faster', () => {
    const line = new Line(costOptimizedPolicy());
    const completed = (id: string, latencyMs: number) =>
      line.policy.onRequestCompleted?.(
        aRequest(),
        { latencyMs, queueMs: 0, outputTokens: 100 },
        aView(id).instance,
        0,
      );
    completed('cheap', 20_000);
    completed('dear', 1_000);
    line.join({ maxTokens: 100 });
    expect(line.next([cheap(), dear()])?.instanceId).toBe('dear');
  });
});

describe('cost-optimized: what is needed of an instance', () => {
  it.each<[string, Partial<RequestMetadata>, ViewFields]>([
    ['room in its window', {}, { inFlightRequests: 256 }],
    ['being in rotation', {}, { state: 'ejected' }],
    ['not resting', {}, { restingUntilMs: 1 }],
    ['doing whole requests', {}, { instance: { role: 'decode' } }],
    ['the model', {}, { instance: { models: ['x'] } }],
    ['the adapter', { adapter: 'lora' }, {}],
    ['the context', { promptTokens: 900, maxTokens: 200 }, { instance: { maxContextTokens: 1_000 } }],
    [
      'room in its KV cache',
      { promptTokens: 300 },
      { report: { instanceId: 'cheap', atMs: 0, kvCacheTokens: 1_000, kvCacheUsage: 0.8 } },
    ],
    ['not having failed it', { failedInstances: ['cheap'] }, {}],
  ])('is %s', (_, fields, wrong) => {
    const views = [cheap(wrong), dear({ instance: { adapters: ['lora'] } })];
    expect(placeOf(fields, views)?.instanceId).toBe('dear');
    const right = fields.failedInstances === undefined ? { ...fields } : {};
    expect(placeOf(right, [cheap({ instance: { adapters: ['lora'] } }), dear()])?.instanceId).toBe('cheap');
  });

  it('is left to routing where nobody has it', () => {
    const next = placeOf({ promptTokens: 9_999 }, [cheap({ instance: { maxContextTokens: 10 } })]);
    expect(next).toBeDefined();
    expect(next?.instanceId).toBeUndefined();
  });
});

describe('cost-optimized: deadlines by prediction', () => {
  const ttftMs: Record<string, number> = { cheap: 900, dear: 100 };
  const predictor = {
    ttft: ({ instanceId }: { instanceId: string }) => ({ mean: ttftMs[instanceId]!, standardDeviation: 0 }),
    tpot: () => ({ mean: 10, standardDeviation: 0 }),
    expectedOutputTokens: () => 11,
  } as unknown as LatencyPredictor;

  it.each([
    ['no deadline', {}, 'cheap'],
    ['one that the cheap one makes', { deadlineMs: 1_000 }, 'cheap'],
    ['one that only the dear one makes', { deadlineMs: 999 }, 'dear'],
    ['an SLO that only the dear one makes', { ttftSloMs: 500 }, 'dear'],
    ['one that nobody makes: the fastest', { deadlineMs: 150 }, 'dear'],
  ])('%s', (_, fields, expected) => {
    expect(placeOf(fields, [cheap(), dear()], { predictor })?.instanceId).toBe(expected);
  });

  it('count from now', () => {
    expect(placeOf({ deadlineMs: 1_300 }, [cheap(), dear()], { predictor }, 500)?.instanceId).toBe('dear');
  });
});

describe('cost-optimized: budgets', () => {
  it('are told when even the cheapest exceeds them, and counted once it goes', () => {
    const line = new Line(costOptimizedPolicy());
    line.join({ costBudgetUsd: 0.000_1 });
    expect(line.next([cheap()])?.reason).toContain('over its budget of $0.0001');
    line.next([cheap()]);
    line.serve(undefined, 'm', [cheap()]);
    expect(line.policy.getStats?.()).toMatchObject({
      overBudget: 1,
      estimatedUsd: expect.closeTo(1 / 3_600),
    });
  });

  it('decide over a list within a class: the tightest first, none last', () => {
    const requests = [
      aRequest({ id: 'none' }),
      aRequest({ id: 'wide', costBudgetUsd: 2 }),
      aRequest({ id: 'tight', costBudgetUsd: 1 }),
      aRequest({ id: 'high', priority: 'HIGH' }),
    ];
    const policy = costOptimizedPolicy();
    expect(policy.prioritize(requests, { nowMs: 0 }).map(({ id }) => id)).toEqual([
      'high',
      'tight',
      'wide',
      'none',
    ]);
    const instances = [
      createPolicyInstance({ id: 'two', gpuCount: 2, throughputTokensPerSecond: 100 }),
      createPolicyInstance({ id: 'slow', throughputTokensPerSecond: 20 }),
    ];
    const [first] = policy.schedule(requests, instances, { nowMs: 0 });
    expect(first).toMatchObject({
      requestId: 'high',
      instanceId: 'two',
      estimatedCostUsd: expect.closeTo(2 / 3_600),
    });
  });
});

describe('cost-optimized: the order', () => {
  it('is by class with ageing', () => {
    const line = new Line(costOptimizedPolicy({ agingMs: 100 }));
    line.join(
      { id: 'old', arrivalMs: 0, priority: 'LOW' },
      { id: 'new', arrivalMs: 101 },
      { id: 'newer', arrivalMs: 102, priority: 'HIGH' },
    );
    expect(line.order()).toEqual(['newer', 'old', 'new']);
  });
});
