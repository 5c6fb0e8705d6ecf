import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aScheduler } from '../../../test/builders.ts';
import {
  type CompletionFacts,
  ManualClock,
  type RequestMetadata,
  type SchedulingDecision,
} from '../../domain/index.ts';
import { MetricsCollector, type MetricsCollectorOptions } from './index.ts';

const a = anInstance('a', { maxConcurrency: 4 });
const b = anInstance('b', { maxConcurrency: 10 });

/** A collector whose figures are never old. */
function collecting(options: Partial<MetricsCollectorOptions> = {}) {
  const clock = new ManualClock(0);
  const collector = new MetricsCollector({ clock, cacheMs: 0, ...options });
  for (const instance of [a, b]) collector.onInstanceRegistered(instance);

  function complete(
    facts: Partial<CompletionFacts> = {},
    fields: Partial<RequestMetadata> = {},
    on = a,
  ): void {
    const request = aRequest(fields);
    collector.onRequestDispatched(request, on, clock.now());
    collector.onRequestCompleted(request, { latencyMs: 100, queueMs: 0, ...facts }, on, clock.now());
  }

  return { clock, collector, complete };
}

function aDecision(fields: Partial<SchedulingDecision> = {}): SchedulingDecision {
  return {
    id: 'd',
    requestId: 'r',
    instanceId: 'a',
    model: 'm',
    atMs: 0,
    queueMs: 0,
    attempt: 1,
    policy: 'fifo',
    profile: 'p',
    score: 1,
    parallel: a.parallel,
    reason: '',
    candidates: [],
    candidateCount: 1,
    filteredOut: {},
    ...fields,
  };
}

describe('latencies', () => {
  it('are a mean, and quantiles within one percent', () => {
    const { collector, complete } = collecting();
    for (let ms = 1; ms <= 1000; ms++) complete({ latencyMs: ms });
    const figures = collector.getGlobalMetrics();
    expect(figures.avgLatencyMs).toBe(500.5);
    for (const [found, wanted] of [
      [figures.p50LatencyMs, 501],
      [figures.p95LatencyMs, 951],
      [figures.p99LatencyMs, 991],
    ] as const) {
      expect(Math.abs(found / wanted - 1)).toBeLessThanOrEqual(0.01);
    }
  });

  it("of an instance are without the time in our queue, which is not the instance's doing", () => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 500, queueMs: 400 });
    expect(collector.getInstanceMetrics('a')).toMatchObject({ avgLatencyMs: 100, avgQueueWaitMs: 400 });
    expect(collector.getGlobalMetrics()).toMatchObject({ avgLatencyMs: 500, avgQueueWaitMs: 400 });
  });

  it('of what failed do not count', () => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 10 });
    collector.onRequestFailed(aRequest(), a, 0, 'failed');
    expect(collector.getGlobalMetrics()).toMatchObject({ avgLatencyMs: 10, completedRequests: 1 });
  });

  it('are forgotten after a minute', () => {
    const { collector, complete, clock } = collecting();
    complete();
    clock.advance(60_000);
    expect(collector.getGlobalMetrics()).toMatchObject({
      totalRequests: 0,
      avgLatencyMs: 0,
      p99LatencyMs: 0,
    });
  });
});

describe('throughput', () => {
  it('is completed requests and their tokens a second', () => {
    const { collector, complete, clock } = collecting();
    for (let second = 0; second < 120; second++) {
      complete({ outputTokens: 30 });
      complete({ outputTokens: 50 });
      clock.advance(1000);
    }
    const { throughputRps, throughputTokensPerSecond } = collector.getGlobalMetrics();
    expect(throughputRps).toBeCloseTo(2);
    expect(throughputTokensPerSecond).toBeCloseTo(80);
  });

  it('of a young collector is over its age', () => {
    const { collector, complete, clock } = collecting();
    clock.advance(2000);
    complete();
    expect(collector.getGlobalMetrics().throughputRps).toBe(0.5);
  });
});

describe('failures', () => {
  it.each([
    // kind, failures of the instance, failures of the request
    ['failed', 1, 1],
    ['retried', 1, 0],
    ['pushed-back', 0, 0],
    ['cancelled', 0, 0],
  ] as const)('of a request that is %s: %d of its instance, %d of its model', (kind, ofInstance, ofModel) => {
    const { collector } = collecting();
    const request = aRequest({ model: 'm', tenant: 't', priority: 'HIGH' });
    collector.onRequestDispatched(request, a, 0);
    collector.onRequestFailed(request, a, 10, kind);
    expect(collector.getInstanceMetrics('a')).toMatchObject({
      failedRequests: ofInstance,
      activeRequests: 0,
    });
    for (const figures of [
      collector.getModelMetrics('m'),
      collector.getTenantMetrics('t'),
      collector.getPriorityMetrics('HIGH'),
      collector.getGlobalMetrics(),
    ]) {
      expect(figures).toMatchObject({ failedRequests: ofModel, errorRate: ofModel });
    }
  });

  it('in the queue are of no instance', () => {
    const { collector } = collecting();
    collector.onRequestFailed(aRequest(), undefined, 0, 'rejected');
    expect(collector.getGlobalMetrics().failedRequests).toBe(1);
    expect([...collector.getAllInstanceMetrics().values()].map((m) => m.failedRequests)).toEqual([0, 0]);
  });

  it('are a rate of what ended', () => {
    const { collector, complete } = collecting();
    for (let i = 0; i < 3; i++) complete();
    collector.onRequestFailed(aRequest(), a, 0, 'failed');
    expect(collector.getGlobalMetrics()).toMatchObject({ totalRequests: 4, errorRate: 0.25 });
  });
});

describe('SLO compliance', () => {
  const withDeadline = { deadlineMs: 100 };

  it('is 1 while nobody asked for anything', () => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 1e6 });
    collector.onRequestFailed(aRequest(), a, 0, 'failed');
    expect(collector.getGlobalMetrics()).toMatchObject({ sloCompliance: 1, sloRequests: 0 });
  });

  it('is the share that got what it asked for', () => {
    const { collector, complete } = collecting();
    for (const latencyMs of [50, 100, 101, 5000]) complete({ latencyMs }, withDeadline);
    expect(collector.getGlobalMetrics()).toMatchObject({
      sloCompliance: 0.5,
      sloRequests: 4,
      sloViolations: 2,
    });
  });

  it.each(['failed', 'rejected'] as const)('is not had by a request that was %s', (kind) => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 50 }, withDeadline);
    collector.onRequestFailed(aRequest(withDeadline), undefined, 0, kind);
    expect(collector.getGlobalMetrics().sloCompliance).toBe(0.5);
  });

  it.each(['retried', 'pushed-back', 'cancelled'] as const)('is not yet lost by one that was %s', (kind) => {
    const { collector } = collecting();
    collector.onRequestFailed(aRequest(withDeadline), a, 0, kind);
    expect(collector.getGlobalMetrics().sloRequests).toBe(0);
  });

  it('is told by priority', () => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 50 }, { ...withDeadline, priority: 'CRITICAL' });
    complete({ latencyMs: 500 }, { ...withDeadline, priority: 'LOW' });
    expect(collector.getSchedulingMetrics().sloComplianceByPriority).toEqual({
      CRITICAL: 1,
      HIGH: 1,
      NORMAL: 1,
      LOW: 0,
      BACKGROUND: 1,
    });
  });
});

describe('groups', () => {
  it('are apart', () => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 10 }, { model: 'small', tenant: 'x', priority: 'HIGH' }, a);
    complete({ latencyMs: 90 }, { model: 'large', tenant: 'y', priority: 'LOW' }, b);
    expect(collector.getModelMetrics('small').avgLatencyMs).toBe(10);
    expect(collector.getModelMetrics('large').avgLatencyMs).toBe(90);
    expect(collector.getTenantMetrics('x').avgLatencyMs).toBe(10);
    expect(collector.getPriorityMetrics('LOW').avgLatencyMs).toBe(90);
    expect(collector.getInstanceMetrics('b')?.avgLatencyMs).toBe(90);
    expect(collector.getGlobalMetrics().avgLatencyMs).toBe(50);
  });

  it('of unknown names are all zeros', () => {
    const { collector } = collecting();
    expect(collector.getModelMetrics('no')).toMatchObject({
      totalRequests: 0,
      errorRate: 0,
      sloCompliance: 1,
    });
    expect(collector.getInstanceMetrics('no')).toBeUndefined();
  });

  it('are bounded in number: who was fed longest ago makes room', () => {
    const { collector, complete } = collecting({ maxGroups: 2 });
    for (const tenant of ['x', 'y', 'x', 'z']) complete({}, { tenant });
    const totals = ['x', 'y', 'z'].map((tenant) => collector.getTenantMetrics(tenant).totalRequests);
    expect(totals).toEqual([2, 0, 1]);
    expect(collector.getGlobalMetrics().totalRequests).toBe(4);
  });
});

describe('the load of instances', () => {
  it('is what they run of what they may', () => {
    const { collector } = collecting();
    const request = aRequest();
    collector.onRequestDispatched(request, a, 0);
    expect(collector.getInstanceMetrics('a')).toMatchObject({ activeRequests: 1, currentLoad: 0.25 });
    collector.onRequestFailed(request, a, 0, 'cancelled');
    expect(collector.getInstanceMetrics('a')).toMatchObject({ activeRequests: 0, currentLoad: 0 });
  });

  it('is balanced when it is everywhere the same', () => {
    const { collector } = collecting();
    expect(collector.getSchedulingMetrics()).toMatchObject({
      loadBalanceVariance: 0,
      loadBalanceCoefficient: 1,
    });
    for (let i = 0; i < 4; i++) collector.onRequestDispatched(aRequest(), a, 0);
    // Loads 1 and 0: their mean is 0.5, each 0.5 away from it.
    expect(collector.getSchedulingMetrics()).toMatchObject({
      loadBalanceVariance: 0.25,
      loadBalanceCoefficient: 0.8,
    });
  });

  it('is of what it may now', () => {
    const { collector } = collecting();
    collector.onRequestDispatched(aRequest(), a, 0);
    collector.onInstanceRegistered(anInstance('a', { maxConcurrency: 2 }));
    expect(collector.getInstanceMetrics('a')?.currentLoad).toBe(0.5);
  });

  it('is gone with the instance', () => {
    const { collector } = collecting();
    const request = aRequest();
    collector.onRequestDispatched(request, a, 0);
    collector.onInstanceRemoved('a');
    collector.onRequestFailed(request, a, 0, 'failed');
    expect([...collector.getAllInstanceMetrics().keys()]).toEqual(['b']);
  });
});

describe('predictions', () => {
  function firstToken(collector: MetricsCollector, foretoldMs: number, cameMs: number, stream = true): void {
    const request = aRequest({ stream });
    collector.onDecision(
      aDecision({ requestId: request.id, predictedTtftMs: { mean: foretoldMs, standardDeviation: 1 } }),
      5,
    );
    collector.onRequestDispatched(request, a, 0);
    collector.onFirstToken(request, a, cameMs, cameMs);
  }

  it('are compared with the first token that came', () => {
    const { collector } = collecting();
    firstToken(collector, 100, 200);
    firstToken(collector, 105, 100);
    expect(collector.getSchedulingMetrics()).toMatchObject({
      avgPredictionErrorMs: 52.5,
      predictionAccuracyRate: 0.5,
    });
    expect(collector.getSchedulingMetrics().p95PredictionErrorMs / 100).toBeCloseTo(1, 1);
    expect(collector.getInstanceMetrics('a')).toMatchObject({
      avgPredictionErrorMs: 52.5,
      predictionErrorRatio: (0.5 + 0.05) / 2,
    });
  });

  it('are not compared with the first byte of an answer in one piece', () => {
    const { collector } = collecting();
    firstToken(collector, 100, 9000, false);
    expect(collector.getSchedulingMetrics()).toMatchObject({
      avgPredictionErrorMs: 0,
      predictionAccuracyRate: 1,
    });
  });

  it('are close enough when one says so', () => {
    const { collector } = collecting({ isAccurate: (foretold, came) => Math.abs(foretold - came) < 1000 });
    firstToken(collector, 100, 900);
    expect(collector.getSchedulingMetrics().predictionAccuracyRate).toBe(1);
  });
});

describe('decisions and the queue', () => {
  it('have a median time and a rate', () => {
    const { collector } = collecting();
    collector.onDecision(aDecision(), 10);
    expect(collector.getSchedulingMetrics().schedulingThroughput).toBe(0);
    for (const micros of [10, 40]) collector.onDecision(aDecision(), micros);
    const { schedulingLatencyMicros, schedulingThroughput } = collector.getSchedulingMetrics();
    expect(schedulingLatencyMicros / 10).toBeCloseTo(1, 1);
    expect(schedulingThroughput).toBe(50_000);
  });

  it('have waits', () => {
    const { collector, complete } = collecting();
    for (const queueMs of [0, 0, 100, 200]) complete({ latencyMs: 300, queueMs });
    const { p50QueueWaitMs, p99QueueWaitMs } = collector.getSchedulingMetrics();
    expect(p50QueueWaitMs / 100).toBeCloseTo(1, 1);
    expect(p99QueueWaitMs / 200).toBeCloseTo(1, 1);
  });

  it('have a length, sampled as requests come and go', () => {
    let waiting = 6;
    const { collector, complete } = collecting({ waitingRequests: () => waiting });
    complete();
    waiting = 2;
    collector.onRequestFailed(aRequest(), undefined, 0, 'rejected');
    expect(collector.getSchedulingMetrics()).toMatchObject({ avgQueueLength: 14 / 3, maxQueueLength: 6 });
  });
});

describe('reading', () => {
  it('gives frozen figures that stay for a second', () => {
    const { collector, complete, clock } = collecting({ cacheMs: 1000 });
    const before = collector.getAllInstanceMetrics();
    expect(Object.isFrozen(before.get('a'))).toBe(true);
    complete();
    clock.advance(999);
    expect(collector.getAllInstanceMetrics()).toBe(before);
    clock.advance(1);
    expect(collector.getInstanceMetrics('a')?.totalRequests).toBe(1);
  });

  it('is what a policy of the guide does', () => {
    const { collector, complete } = collecting();
    complete({ latencyMs: 1500 }, {}, a);
    complete({ latencyMs: 500 }, {}, b);
    const figures = collector.getAllInstanceMetrics();
    const quick = [a, b, anInstance('new')].filter(({ id }) => (figures.get(id)?.avgLatencyMs ?? 0) < 1000);
    expect(quick.map(({ id }) => id)).toEqual(['b', 'new']);
  });
});

it('hears from the scheduler all it needs', () => {
  const clock = new ManualClock(0);
  const collector = new MetricsCollector({ clock, cacheMs: 0 });
  const { scheduler, clock: schedulerClock } = aScheduler({ instances: [a], listeners: [collector] });
  for (const id of ['completes', 'fails', 'leaves']) {
    scheduler.handle({ type: 'request-arrived', request: aRequest({ id, deadlineMs: 1000 }) });
  }
  schedulerClock.advance(80);
  clock.advance(80);
  scheduler.handle({ type: 'request-completed', requestId: 'completes', usage: { outputTokens: 4 } });
  scheduler.handle({ type: 'request-failed', requestId: 'fails', mayRetry: false, isInstanceFault: true });
  scheduler.handle({ type: 'request-cancelled', requestId: 'leaves' });
  expect(collector.getInstanceMetrics('a')).toMatchObject({
    completedRequests: 1,
    failedRequests: 1,
    activeRequests: 0,
    avgLatencyMs: 80,
    sloCompliance: 0.5,
  });
});
