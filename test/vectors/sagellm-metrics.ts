/** Runs the records of sageLLM's metrics. */

import {
  createInstance,
  createRequest,
  ManualClock,
  REQUEST_PRIORITIES,
  type RequestPriority,
  type SchedulingDecision,
} from '../../src/domain/index.ts';
import { QuantileSketch } from '../../src/prediction/index.ts';
import { MetricsCollector, type MetricsCollectorOptions } from '../../src/telemetry/collector/index.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';

type RawEvent =
  | {
      readonly ev: 'complete';
      readonly priority: RequestPriority;
      readonly slo_deadline_ms: number | null;
      readonly estimated_ms: number;
      readonly actual_ms: number;
      readonly success: boolean;
      readonly queue_wait_ms: number | null;
    }
  | { readonly ev: 'decision'; readonly us: number }
  | { readonly ev: 'queue_length'; readonly n: number }
  | {
      readonly ev: 'instance';
      readonly id: string;
      readonly load: number;
      readonly latencies: readonly number[];
    };

type Figures = Readonly<Record<string, number>>;

interface CollectorRecord {
  readonly input: { readonly window_size: number; readonly events: readonly RawEvent[] };
  readonly expect: {
    readonly scheduling: Figures & { readonly slo_compliance_by_priority: Figures };
    readonly global: Figures;
    readonly instances: Readonly<Record<string, Figures>>;
  };
}

interface PercentileRecord {
  /** `1..n`, or the values themselves. */
  readonly input: { readonly values: string | readonly number[] };
  readonly expect: Figures;
}

/** What came of one record: differences, or why it was not run to its end. */
interface Verdict {
  readonly differences: readonly string[];
  readonly skip?: string;
}

const CHECKS: Readonly<Record<string, (record: never) => Verdict>> = {
  'metrics.collector': checkCollector,
  'metrics.percentile': checkPercentile,
  'load_balancer.stats': checkBalancerStats,
};

const FAULT_13 = 'fault 13: its SLO compliance leaves failures out; all other figures agree';

export const SAGELLM_METRICS: VectorSuite = {
  file: 'sagellm.jsonl',
  handles: (kind) => Object.hasOwn(CHECKS, kind),
  run,
};

/** @param lines of `sagellm.jsonl`; those of other kinds are passed over */
export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const record = JSON.parse(line) as { id: string; kind: string };
    const { id } = record;
    const check = CHECKS[record.kind];
    if (check === undefined) continue;
    const { differences, skip } = check(record as never);
    if (differences.length > 0) failed.push({ id, why: differences.join('; ') });
    else if (skip !== undefined) skipped.push({ id, reason: skip });
    else passed++;
  }
  return { passed, failed, skipped };
}

/** The sketch's stated error; what is a mean or a count is compared exactly. */
const QUANTILE_ERROR = 0.01;
const EXACT = 1e-9;

function checkPercentile({ input, expect }: PercentileRecord): Verdict {
  const sketch = new QuantileSketch({ relativeError: QUANTILE_ERROR });
  for (const value of valuesOf(input.values)) sketch.add(value);
  const found = (percent: string) => (sketch.count === 0 ? 0 : sketch.quantile(Number(percent) / 100));
  const differences = Object.entries(expect).flatMap(([percent, wanted]) =>
    difference(`p${percent}`, found(percent), wanted, QUANTILE_ERROR),
  );
  return { differences };
}

function valuesOf(values: string | readonly number[]): readonly number[] {
  if (typeof values !== 'string') return values;
  const last = Number(/^1\.\.(\d+)$/.exec(values)?.[1] ?? 0);
  return Array.from({ length: last }, (_, index) => index + 1);
}

function checkCollector({ input, expect }: CollectorRecord): Verdict {
  const { events } = input;
  const unjudged = prioritiesThatFailed(events);
  const whole = fed(events);
  const lately = (kept: (event: RawEvent) => boolean) => fed(events.filter(kept), input.window_size);
  const completed = lately(isCompletion);
  const differences = [
    ...checkDeciding(
      lately(({ ev }) => ev === 'decision'),
      expect.scheduling,
    ),
    ...checkPredicting(completed, expect.scheduling),
    ...checkLengths(
      lately(({ ev }) => ev === 'queue_length'),
      expect.scheduling,
    ),
    ...checkWaits(
      lately((event) => event.ev === 'complete' && event.success && (event.queue_wait_ms ?? 0) > 0),
      expect.scheduling,
    ),
    ...checkCompliance(whole, expect.scheduling.slo_compliance_by_priority, unjudged),
    ...checkInstances(instancesOf(events), expect),
    ...checkCounts(whole, expect.global),
    ...checkLatencies(completed, expect.global),
  ];
  return { differences, ...(unjudged.size > 0 && { skip: FAULT_13 }) };
}

const isCompletion = (event: RawEvent) => event.ev === 'complete' && event.success;

/** Those with a request that had a deadline and failed. */
function prioritiesThatFailed(events: readonly RawEvent[]): ReadonlySet<RequestPriority> {
  const failures = events.filter(
    (event) => event.ev === 'complete' && !event.success && event.slo_deadline_ms !== null,
  );
  return new Set(failures.flatMap((event) => (event.ev === 'complete' ? [event.priority] : [])));
}

const TICK_MS = 1000;

/**
 * What the collector makes of events, one each tick. There, a window holds so many samples of a kind, and here so much time:
 * of one kind alone, so many ticks hold as many.
 */
function fed(events: readonly RawEvent[], windowSamples = events.length): MetricsCollector {
  const clock = new ManualClock(0);
  const slices = Math.max(2, Math.min(windowSamples, events.length));
  const collector = aCollector({ clock, slices, windowMs: slices * TICK_MS });
  for (const [index, event] of events.entries()) {
    clock.moveTo(index * TICK_MS);
    const nowMs = clock.now();
    if (event.ev === 'decision') collector.onDecision({ ...DECISION, atMs: nowMs }, event.us);
    else if (event.ev === 'queue_length') collector.observeQueueLength(event.n, nowMs);
    else if (event.ev === 'complete') end(collector, `r${index}`, event, nowMs);
  }
  return collector;
}

function aCollector(options: Partial<MetricsCollectorOptions> = {}): MetricsCollector {
  return new MetricsCollector({
    clock: new ManualClock(0),
    cacheMs: 0,
    // As the code counts it, whatever its comment says.
    isAccurate: (foretoldMs, cameMs) => Math.abs(foretoldMs - cameMs) < 10,
    ...options,
  });
}

const INSTANCE = createInstance({ id: 'i', url: 'http://i.test' });

/** An estimate of the whole is told as one of the first token, which is what our predictors are judged by. */
function end(
  collector: MetricsCollector,
  id: string,
  event: RawEvent & { readonly ev: 'complete' },
  nowMs: number,
): void {
  const { priority, slo_deadline_ms, estimated_ms, actual_ms, success, queue_wait_ms } = event;
  const deadline = slo_deadline_ms === null ? {} : { deadlineMs: slo_deadline_ms };
  const request = createRequest({ id, model: 'm', arrivalMs: 0, priority, stream: true, ...deadline });
  if (!success) {
    collector.onRequestFailed(request, undefined, nowMs, 'failed');
    return;
  }
  collector.foretold(id, { mean: estimated_ms, standardDeviation: 0 });
  collector.onFirstToken(request, INSTANCE, actual_ms, nowMs);
  const facts = { latencyMs: actual_ms, queueMs: queue_wait_ms ?? 0 };
  collector.onRequestCompleted(request, facts, INSTANCE, nowMs);
}

/** What is told last of an instance replaces what was told before. */
function instancesOf(events: readonly RawEvent[]): MetricsCollector {
  const collector = aCollector();
  for (const event of events) {
    if (event.ev !== 'instance') continue;
    const instance = createInstance({ id: event.id, url: 'http://i.test', maxConcurrency: 1000 });
    const request = createRequest({ id: 'r', model: 'm', arrivalMs: 0 });
    collector.onInstanceRemoved(event.id);
    collector.onInstanceRegistered(instance);
    const running = Math.round(event.load * 1000);
    for (let i = 0; i < running + event.latencies.length; i++) {
      collector.onRequestDispatched(request, instance, 0);
    }
    for (const latencyMs of event.latencies) {
      collector.onRequestCompleted(request, { latencyMs, queueMs: 0 }, instance, 0);
    }
  }
  return collector;
}

function checkDeciding(collector: MetricsCollector, expect: Figures): readonly string[] {
  const { schedulingLatencyMicros, schedulingThroughput } = collector.getSchedulingMetrics();
  return [
    ...difference(
      'scheduling_latency_us',
      schedulingLatencyMicros,
      expect.scheduling_latency_us!,
      QUANTILE_ERROR,
    ),
    ...difference('scheduling_throughput', schedulingThroughput, expect.scheduling_throughput!, EXACT),
  ];
}

function checkPredicting(collector: MetricsCollector, expect: Figures): readonly string[] {
  const ours = collector.getSchedulingMetrics();
  const compared: readonly (readonly [string, number, number])[] = [
    ['latency_prediction_error_avg', ours.avgPredictionErrorMs, EXACT],
    ['latency_prediction_error_p95', ours.p95PredictionErrorMs, QUANTILE_ERROR],
    ['prediction_accuracy_rate', ours.predictionAccuracyRate, EXACT],
  ];
  return compared.flatMap(([name, found, error]) => difference(name, found, expect[name]!, error));
}

function checkLengths(collector: MetricsCollector, expect: Figures): readonly string[] {
  const { avgQueueLength, maxQueueLength } = collector.getSchedulingMetrics();
  return [
    ...difference('queue_length_avg', avgQueueLength, expect.queue_length_avg!, EXACT),
    ...difference('queue_length_max', maxQueueLength, expect.queue_length_max!, EXACT),
  ];
}

function checkCompliance(
  collector: MetricsCollector,
  expect: Figures,
  unjudged: ReadonlySet<RequestPriority>,
): readonly string[] {
  const { sloComplianceByPriority: ours } = collector.getSchedulingMetrics();
  return REQUEST_PRIORITIES.filter((priority) => !unjudged.has(priority)).flatMap((priority) =>
    difference(`slo_compliance of ${priority}`, ours[priority], expect[priority]!, EXACT),
  );
}

/** Only of requests that waited and completed: there, a wait of 0 is not recorded. */
function checkWaits(collector: MetricsCollector, expect: Figures): readonly string[] {
  const { p50QueueWaitMs, p95QueueWaitMs, p99QueueWaitMs } = collector.getSchedulingMetrics();
  return [
    ...difference('queue_wait_time_p50', p50QueueWaitMs, expect.queue_wait_time_p50!, QUANTILE_ERROR),
    ...difference('queue_wait_time_p95', p95QueueWaitMs, expect.queue_wait_time_p95!, QUANTILE_ERROR),
    ...difference('queue_wait_time_p99', p99QueueWaitMs, expect.queue_wait_time_p99!, QUANTILE_ERROR),
  ];
}

function checkCounts(collector: MetricsCollector, expect: Figures): readonly string[] {
  const { totalRequests, completedRequests, failedRequests } = collector.getGlobalMetrics();
  return [
    ...difference('total_requests', totalRequests, expect.total_requests!, EXACT),
    ...difference('completed_requests', completedRequests, expect.completed_requests!, EXACT),
    ...difference('failed_requests', failedRequests, expect.failed_requests!, EXACT),
  ];
}

function checkLatencies(collector: MetricsCollector, expect: Figures): readonly string[] {
  return latencies(collector.getGlobalMetrics()).flatMap(([name, found, error]) =>
    difference(name, found, expect[name]!, error),
  );
}

interface BalancerStatsRecord {
  /** The latencies are those of `a`: all numbers from the first to the last. */
  readonly input: { readonly requests_a: number; readonly latencies: string };
  readonly expect: Readonly<Record<'a' | 'b', Figures>>;
}

/** So many latencies its history holds. */
const BALANCER_HISTORY = 100;

function checkBalancerStats({ input, expect }: BalancerStatsRecord): Verdict {
  const [a, b] = ['a', 'b'].map((id) => createInstance({ id, url: `http://${id}.test` }));
  const clock = new ManualClock(0);
  const sent = aCollector();
  const ended = aCollector({ clock, slices: BALANCER_HISTORY, windowMs: BALANCER_HISTORY * TICK_MS });
  for (const instance of [a!, b!]) {
    sent.onInstanceRegistered(instance);
    ended.onInstanceRegistered(instance);
  }
  const request = createRequest({ id: 'r', model: 'm', arrivalMs: 0 });
  for (let i = 0; i < input.requests_a; i++) sent.onRequestDispatched(request, a!, 0);
  const [first = 0, last = -1] = input.latencies.split('..').map(Number);
  for (let latencyMs = first; latencyMs <= last; latencyMs++) {
    clock.moveTo((latencyMs - first) * TICK_MS);
    ended.onRequestCompleted(request, { latencyMs, queueMs: 0 }, a!, clock.now());
  }
  const differences = Object.entries(expect).flatMap(([id, wanted]) => [
    ...difference(
      `requests of ${id}`,
      sent.getInstanceMetrics(id)!.activeRequests,
      wanted.request_count!,
      EXACT,
    ),
    ...difference(
      `latency of ${id}`,
      ended.getInstanceMetrics(id)!.avgLatencyMs,
      wanted.avg_latency_ms!,
      EXACT,
    ),
  ]);
  return { differences };
}

function checkInstances(collector: MetricsCollector, { instances, scheduling }: CollectorRecord['expect']) {
  const { loadBalanceVariance, loadBalanceCoefficient } = collector.getSchedulingMetrics();
  const all = collector.getAllInstanceMetrics();
  return [
    ...difference('load_balance_variance', loadBalanceVariance, scheduling.load_balance_variance!, EXACT),
    ...difference(
      'load_balance_coefficient',
      loadBalanceCoefficient,
      scheduling.load_balance_coefficient!,
      EXACT,
    ),
    ...difference('number of instances', all.size, Object.keys(instances).length, EXACT),
    ...Object.entries(instances).flatMap(([id, wanted]) => {
      const ours = all.get(id)!;
      const compared = [['current_load', ours.currentLoad, EXACT] as const, ...latencies(ours)];
      return compared.flatMap(([name, found, error]) =>
        difference(`${id} ${name}`, found, wanted[name]!, error),
      );
    }),
  ];
}

interface Latencies {
  readonly avgLatencyMs: number;
  readonly p50LatencyMs: number;
  readonly p95LatencyMs: number;
  readonly p99LatencyMs: number;
}

function latencies(ours: Latencies): readonly (readonly [string, number, number])[] {
  return [
    ['avg_latency_ms', ours.avgLatencyMs, EXACT],
    ['p50_latency_ms', ours.p50LatencyMs, QUANTILE_ERROR],
    ['p95_latency_ms', ours.p95LatencyMs, QUANTILE_ERROR],
    ['p99_latency_ms', ours.p99LatencyMs, QUANTILE_ERROR],
  ];
}

/** @param error allowed, as a share of what is wanted; beside it, rounding of what is close to 0 */
function difference(name: string, found: number, wanted: number, error: number): readonly string[] {
  const isClose = Math.abs(found - wanted) <= Math.abs(wanted) * error * (1 + EXACT) + 1e-12;
  return isClose ? [] : [`${name}: found ${found}, expected ${wanted}`];
}

const DECISION: SchedulingDecision = {
  id: 'd',
  requestId: 'r',
  instanceId: 'i',
  model: 'm',
  atMs: 0,
  queueMs: 0,
  attempt: 1,
  policy: 'p',
  profile: 'p',
  score: 0,
  parallel: INSTANCE.parallel,
  reason: '',
  candidates: [],
  candidateCount: 1,
  filteredOut: {},
};
