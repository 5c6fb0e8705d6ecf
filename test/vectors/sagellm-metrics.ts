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
import { MetricsCollector } from '../../src/telemetry/collector/index.ts';
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
};

const NO_AUTOSCALER =
  'Signalbox does not add and remove instances; autoscaling is left to those who start engines';

/** Beginnings of kinds that are not run, and why. */
const SKIPPED: Readonly<Record<string, string>> = {
  'autoscaler.': NO_AUTOSCALER,
  'interpolator.': NO_AUTOSCALER,
  'load_predictor.': NO_AUTOSCALER,
};

const COUNTED_WINDOW = 'the window counts samples there, and time here';
const FAULT_13 = 'fault 13: its SLO compliance leaves failures out; all other figures agree';

export const SAGELLM_METRICS: VectorSuite = {
  file: 'sagellm.jsonl',
  handles: (kind) => Object.hasOwn(CHECKS, kind) || skipReason(kind) !== undefined,
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
    const { id, kind } = record;
    const reason = skipReason(kind);
    if (reason !== undefined) skipped.push({ id, reason });
    const check = CHECKS[kind];
    if (check === undefined) continue;
    const { differences, skip } = check(record as never);
    if (differences.length > 0) failed.push({ id, why: differences.join('; ') });
    else if (skip !== undefined) skipped.push({ id, reason: skip });
    else passed++;
  }
  return { passed, failed, skipped };
}

function skipReason(kind: string): string | undefined {
  return Object.entries(SKIPPED).find(([beginning]) => kind.startsWith(beginning))?.[1];
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
  if (fillsItsWindow(input)) return { differences: [], skip: COUNTED_WINDOW };
  const collector = requestsOf(input.events);
  const unjudged = prioritiesThatFailed(input.events);
  const differences = [
    ...checkScheduling(collector, expect.scheduling, unjudged),
    ...checkInstances(instancesOf(input.events), expect),
    ...checkGlobal(collector, expect.global),
    ...checkWaits(waitsOf(input.events), expect.scheduling),
  ];
  return { differences, ...(unjudged.size > 0 && { skip: FAULT_13 }) };
}

function fillsItsWindow({ window_size, events }: CollectorRecord['input']): boolean {
  const counts = ['complete', 'decision', 'queue_length'].map(
    (kind) => events.filter(({ ev }) => ev === kind).length,
  );
  return Math.max(...counts) > window_size;
}

/** Those with a request that had a deadline and failed. */
function prioritiesThatFailed(events: readonly RawEvent[]): ReadonlySet<RequestPriority> {
  const failures = events.filter(
    (event) => event.ev === 'complete' && !event.success && event.slo_deadline_ms !== null,
  );
  return new Set(failures.flatMap((event) => (event.ev === 'complete' ? [event.priority] : [])));
}

function aCollector(): MetricsCollector {
  return new MetricsCollector({
    clock: new ManualClock(0),
    cacheMs: 0,
    // As the code counts it, whatever its comment says.
    isAccurate: (foretoldMs, cameMs) => Math.abs(foretoldMs - cameMs) < 10,
  });
}

const INSTANCE = createInstance({ id: 'i', url: 'http://i.test' });

function requestsOf(events: readonly RawEvent[]): MetricsCollector {
  const collector = aCollector();
  for (const [index, event] of events.entries()) {
    if (event.ev === 'decision') collector.onDecision(DECISION, event.us);
    else if (event.ev === 'queue_length') collector.observeQueueLength(event.n, 0);
    else if (event.ev === 'complete') end(collector, `r${index}`, event);
  }
  return collector;
}

/** An estimate of the whole is told as one of the first token, which is what our predictors are judged by. */
function end(collector: MetricsCollector, id: string, event: RawEvent & { readonly ev: 'complete' }): void {
  const { priority, slo_deadline_ms, estimated_ms, actual_ms, success, queue_wait_ms } = event;
  const deadline = slo_deadline_ms === null ? {} : { deadlineMs: slo_deadline_ms };
  const request = createRequest({ id, model: 'm', arrivalMs: 0, priority, stream: true, ...deadline });
  if (!success) {
    collector.onRequestFailed(request, undefined, 0, 'failed');
    return;
  }
  collector.foretold(id, { mean: estimated_ms, standardDeviation: 0 });
  collector.onFirstToken(request, INSTANCE, actual_ms, 0);
  collector.onRequestCompleted(request, { latencyMs: actual_ms, queueMs: queue_wait_ms ?? 0 }, INSTANCE, 0);
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

function checkScheduling(
  collector: MetricsCollector,
  expect: CollectorRecord['expect']['scheduling'],
  unjudged: ReadonlySet<RequestPriority>,
): readonly string[] {
  const ours = collector.getSchedulingMetrics();
  const compared: readonly (readonly [string, number, number])[] = [
    ['scheduling_latency_us', ours.schedulingLatencyMicros, QUANTILE_ERROR],
    ['scheduling_throughput', ours.schedulingThroughput, EXACT],
    ['latency_prediction_error_avg', ours.avgPredictionErrorMs, EXACT],
    ['latency_prediction_error_p95', ours.p95PredictionErrorMs, QUANTILE_ERROR],
    ['prediction_accuracy_rate', ours.predictionAccuracyRate, EXACT],
    ['queue_length_avg', ours.avgQueueLength, EXACT],
    ['queue_length_max', ours.maxQueueLength, EXACT],
  ];
  const judged = REQUEST_PRIORITIES.filter((priority) => !unjudged.has(priority));
  return [
    ...compared.flatMap(([name, found, error]) => difference(name, found, expect[name]!, error)),
    ...judged.flatMap((priority) =>
      difference(
        `slo_compliance of ${priority}`,
        ours.sloComplianceByPriority[priority],
        expect.slo_compliance_by_priority[priority]!,
        EXACT,
      ),
    ),
  ];
}

/** Only of requests that waited and completed: there, a wait of 0 is not recorded. */
function waitsOf(events: readonly RawEvent[]): MetricsCollector {
  const collector = aCollector();
  for (const [index, event] of events.entries()) {
    if (event.ev === 'complete' && event.queue_wait_ms) end(collector, `r${index}`, event);
  }
  return collector;
}

function checkWaits(collector: MetricsCollector, expect: Figures): readonly string[] {
  const { p50QueueWaitMs, p95QueueWaitMs, p99QueueWaitMs } = collector.getSchedulingMetrics();
  return [
    ...difference('queue_wait_time_p50', p50QueueWaitMs, expect.queue_wait_time_p50!, QUANTILE_ERROR),
    ...difference('queue_wait_time_p95', p95QueueWaitMs, expect.queue_wait_time_p95!, QUANTILE_ERROR),
    ...difference('queue_wait_time_p99', p99QueueWaitMs, expect.queue_wait_time_p99!, QUANTILE_ERROR),
  ];
}

function checkGlobal(collector: MetricsCollector, expect: Figures): readonly string[] {
  const ours = collector.getGlobalMetrics();
  const compared: readonly (readonly [string, number, number])[] = [
    ['total_requests', ours.totalRequests, EXACT],
    ['completed_requests', ours.completedRequests, EXACT],
    ['failed_requests', ours.failedRequests, EXACT],
    ...latencies(ours),
  ];
  return compared.flatMap(([name, found, error]) => difference(name, found, expect[name]!, error));
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
