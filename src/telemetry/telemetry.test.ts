import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, REQUEST_PRIORITIES } from '../domain/index.ts';
import {
  aDecision,
  aLane,
  aQueue,
  aRecord,
  aScheduler,
  aStatus,
  someCounters,
} from './__fixtures__/builders.ts';
import { type MetricsPage, readMetricsPage } from './__fixtures__/metrics-page.ts';
import { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';

const opened: Telemetry[] = [];

function open(options: Partial<TelemetryOptions> = {}): Telemetry {
  const telemetry = createTelemetry({ version: '1.2.3', ...options });
  opened.push(telemetry);
  return telemetry;
}

/** Telemetry that watches a fleet of `gpu-1` and `gpu-2`, both serving `llama`. */
function openWithFleet(options: Partial<TelemetryOptions> = {}): Telemetry {
  const telemetry = open(options);
  telemetry.watch(aScheduler({ statuses: [aStatus('gpu-1'), aStatus('gpu-2')] }));
  return telemetry;
}

const pageOf = async (telemetry: Telemetry): Promise<MetricsPage> =>
  readMetricsPage(await telemetry.metricsText());

afterEach(() => {
  for (const telemetry of opened.splice(0)) telemetry.stop();
});

const ROUTE = { model: 'llama', instance_id: 'gpu-1' };

describe('what doors tell', () => {
  it('counts a request by model, instance and outcome, in seconds and tokens', async () => {
    const telemetry = openWithFleet();
    telemetry.observer.onRequestStart();
    telemetry.observer.onRequestEnd(aRecord());
    const page = await pageOf(telemetry);
    expect(page.value('signalbox_requests_total', { ...ROUTE, outcome: 'completed' })).toBe(1);
    expect(page.value('signalbox_request_queue_time_seconds_sum', ROUTE)).toBe(0.012);
    expect(page.value('signalbox_time_to_first_token_seconds_sum', ROUTE)).toBe(0.15);
    expect(page.value('signalbox_time_to_first_token_seconds_bucket', { ...ROUTE, le: '0.25' })).toBe(1);
    expect(page.value('signalbox_time_to_first_token_seconds_bucket', { ...ROUTE, le: '0.1' })).toBe(0);
    expect(page.value('signalbox_time_per_output_token_seconds_sum', ROUTE)).toBe(0.02);
    expect(page.value('signalbox_e2e_request_latency_seconds_sum', ROUTE)).toBe(2.13);
    expect(page.value('signalbox_prompt_tokens_total', ROUTE)).toBe(300);
    expect(page.value('signalbox_cached_prompt_tokens_total', ROUTE)).toBe(120);
    expect(page.value('signalbox_output_tokens_total', ROUTE)).toBe(100);
  });

  it('shows how many requests are open', async () => {
    const telemetry = openWithFleet();
    for (let index = 0; index < 3; index += 1) telemetry.observer.onRequestStart();
    telemetry.observer.onRequestEnd(aRecord());
    expect((await pageOf(telemetry)).value('signalbox_requests_open')).toBe(2);
  });

  it('leaves out of a histogram what is not known', async () => {
    const telemetry = openWithFleet();
    const { ttftMs: _, tpotMs: __, outputTokens: ___, ...record } = aRecord({ outcome: 'cancelled' });
    telemetry.observer.onRequestEnd(record);
    const page = await pageOf(telemetry);
    expect(page.samples('signalbox_time_to_first_token_seconds_count')).toEqual([]);
    expect(page.samples('signalbox_output_tokens_total')).toEqual([]);
    expect(page.value('signalbox_e2e_request_latency_seconds_count', ROUTE)).toBe(1);
  });

  it('counts errors by code and retries by cause', async () => {
    const telemetry = openWithFleet();
    telemetry.observer.onRetry('llama', 'gpu-1', 'upstream_unreachable');
    telemetry.observer.onRequestEnd(aRecord({ outcome: 'failed', status: 502, errorCode: 'upstream_error' }));
    const page = await pageOf(telemetry);
    expect(page.value('signalbox_retries_total', { ...ROUTE, reason: 'upstream_unreachable' })).toBe(1);
    expect(page.value('signalbox_request_errors_total', { model: 'llama', code: 'upstream_error' })).toBe(1);
  });

  it('has an empty instance for a request that never reached one', async () => {
    const telemetry = openWithFleet();
    const { instanceId: _, ...record } = aRecord({ outcome: 'shed', status: 429, errorCode: 'queue_full' });
    telemetry.observer.onRequestEnd(record);
    const labels = { model: 'llama', instance_id: '', outcome: 'shed' };
    expect((await pageOf(telemetry)).value('signalbox_requests_total', labels)).toBe(1);
  });

  it('never makes a label of a model that nothing serves, however many are asked for', async () => {
    const telemetry = openWithFleet();
    for (let index = 0; index < 500; index += 1) {
      const { instanceId: _, ...record } = aRecord({
        model: `made-up-${index}`,
        errorCode: 'model_not_found',
      });
      telemetry.observer.onRequestEnd({ ...record, outcome: 'failed', status: 404 });
    }
    const page = await pageOf(telemetry);
    const models = page.samples('signalbox_requests_total').map(({ labels }) => labels?.model);
    expect(models).toEqual(['unknown']);
    expect(page.value('signalbox_requests_total', { model: 'unknown' })).toBe(500);
  });

  it('counts models beyond the limit together', async () => {
    const telemetry = open({ maxModelLabels: 2 });
    const models = ['a', 'b', 'c', 'd'];
    telemetry.watch({ ...aScheduler(), modelNames: () => models });
    for (const model of models) {
      const { instanceId: _, ...record } = aRecord({ model });
      telemetry.observer.onRequestEnd(record);
    }
    const page = await pageOf(telemetry);
    const counts = page
      .samples('signalbox_requests_total')
      .map(({ labels, value }) => [labels?.model, value]);
    expect(counts).toEqual([
      ['a', '1'],
      ['b', '1'],
      ['other', '2'],
    ]);
  });

  it('writes one line for each request', () => {
    const lines: object[] = [];
    const telemetry = open({ requestLog: { info: (fields) => void lines.push(fields) } });
    telemetry.observer.onRequestEnd(aRecord());
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ request: 'request-1', instance: 'gpu-1', ttftMs: 150, status: 200 });
  });

  it('keeps the last failures of each instance, newest first', () => {
    const clock = new ManualClock(1000);
    const telemetry = open({ clock });
    telemetry.observer.onRetry('llama', 'gpu-1', 'upstream_timeout');
    clock.advance(5);
    telemetry.observer.onRequestEnd(aRecord({ outcome: 'failed', errorCode: 'upstream_disconnected' }));
    telemetry.observer.onRequestEnd(aRecord({ outcome: 'cancelled', errorCode: 'client_closed_request' }));
    expect(telemetry.instanceErrors.of('gpu-1')).toEqual([
      { atMs: 1005, code: 'upstream_disconnected', model: 'llama', isRetried: false },
      { atMs: 1000, code: 'upstream_timeout', model: 'llama', isRetried: true },
    ]);
    expect(telemetry.instanceErrors.of('gpu-2')).toEqual([]);
  });
});

describe('what the scheduler tells', () => {
  it('counts decisions and how long they took, and joins them with what followed', async () => {
    const telemetry = openWithFleet();
    telemetry.onDecision(aDecision(), 18);
    telemetry.observer.onRequestEnd(aRecord());
    const page = await pageOf(telemetry);
    expect(page.value('signalbox_decisions_total', ROUTE)).toBe(1);
    expect(page.value('signalbox_decision_duration_seconds_bucket', { le: '0.00002' })).toBe(1);
    expect(page.value('signalbox_decision_duration_seconds_bucket', { le: '0.00001' })).toBe(0);
    expect(telemetry.decisions.get('request-1')).toEqual({
      decision: aDecision(),
      tookMicros: 18,
      outcome: aRecord(),
    });
  });
});

describe('what is read from the scheduler for each page', () => {
  it('shows the queue by model and priority, and what runs by model', async () => {
    const telemetry = open();
    const waitingByPriority = { CRITICAL: 0, HIGH: 1, NORMAL: 4, LOW: 0, BACKGROUND: 2 };
    const lane = aLane('llama', { waitingByPriority, waitingTokens: 900, oldestWaitMs: 2500 });
    const queue = aQueue({ lanes: [lane], inFlightByModel: { llama: 3 }, drainRatePerSecond: 1.5 });
    telemetry.watch(aScheduler({ statuses: [aStatus('gpu-1')], queue }));
    const page = await pageOf(telemetry);
    const waiting = REQUEST_PRIORITIES.map((priority) =>
      page.value('signalbox_requests_waiting', { model: 'llama', priority: priority.toLowerCase() }),
    );
    expect(waiting).toEqual([0, 1, 4, 0, 2]);
    expect(page.value('signalbox_requests_running', { model: 'llama' })).toBe(3);
    expect(page.value('signalbox_queue_tokens', { model: 'llama' })).toBe(900);
    expect(page.value('signalbox_queue_oldest_wait_seconds', { model: 'llama' })).toBe(2.5);
    expect(page.value('signalbox_queue_drain_rate')).toBe(1.5);
    expect(page.value('signalbox_queue_max_requests')).toBe(1000);
  });

  it('shows what happened so far, with reasons', async () => {
    const telemetry = open();
    const { rejected } = someCounters();
    const counters = someCounters({
      arrived: 9,
      pushedBack: 2,
      ejected: 1,
      rejected: { ...rejected, 'queue-full': 4, 'no-instance': 5 },
    });
    telemetry.watch(aScheduler({ counters }));
    const page = await pageOf(telemetry);
    expect(page.value('signalbox_scheduler_requests_total', { event: 'arrived' })).toBe(9);
    expect(page.value('signalbox_scheduler_requests_total', { event: 'pushed_back' })).toBe(2);
    expect(page.value('signalbox_rejections_total', { reason: 'queue_full' })).toBe(4);
    expect(page.value('signalbox_rejections_total', { reason: 'no_instance' })).toBe(5);
    expect(page.value('signalbox_ejections_total')).toBe(1);
  });

  it('shows each instance: state, load, and what its engine last said', async () => {
    const telemetry = open();
    const report = {
      instanceId: 'gpu-1',
      atMs: 0,
      waitingRequests: 3,
      runningRequests: 5,
      kvCacheUsage: 0.25,
    };
    const reported = aStatus('gpu-1', { report, reportAgeMs: 400 });
    const ejected = aStatus('gpu-2', { state: 'ejected', isReportStale: true, consecutiveFailures: 3 });
    telemetry.watch(aScheduler({ statuses: [reported, ejected] }));
    const page = await pageOf(telemetry);
    const of = (name: string, id: string) => page.value(`signalbox_instance_${name}`, { instance_id: id });
    expect(page.value('signalbox_instance_state', { instance_id: 'gpu-1', state: 'ready' })).toBe(1);
    expect(page.value('signalbox_instance_state', { instance_id: 'gpu-1', state: 'ejected' })).toBe(0);
    expect(page.value('signalbox_instance_state', { instance_id: 'gpu-2', state: 'ejected' })).toBe(1);
    expect(page.value('signalbox_instances', { state: 'ready' })).toBe(1);
    expect(page.value('signalbox_instances', { state: 'gone' })).toBe(0);
    expect(of('requests_in_flight', 'gpu-1')).toBe(2);
    expect(of('max_requests', 'gpu-1')).toBe(8);
    expect(of('reported_requests_waiting', 'gpu-1')).toBe(3);
    expect(of('reported_requests_running', 'gpu-1')).toBe(5);
    expect(of('reported_kv_cache_usage_ratio', 'gpu-1')).toBe(0.25);
    expect(of('report_age_seconds', 'gpu-1')).toBe(0.4);
    expect(of('report_stale', 'gpu-1')).toBe(0);
    expect(of('report_stale', 'gpu-2')).toBe(1);
    expect(of('consecutive_failures', 'gpu-2')).toBe(3);
  });

  it('has no series for what an engine did not report', async () => {
    const telemetry = openWithFleet();
    const page = await pageOf(telemetry);
    expect(page.samples('signalbox_instance_reported_kv_cache_usage_ratio')).toEqual([]);
    expect(page.samples('signalbox_instance_report_age_seconds')).toEqual([]);
  });

  it('drops the gauges of an instance that left at once, its counters after a while', async () => {
    const clock = new ManualClock(0);
    const telemetry = openWithFleet({ clock, forgetInstanceAfterMs: 60_000 });
    telemetry.observer.onRequestEnd(aRecord({ instanceId: 'gpu-2' }));
    await telemetry.metricsText();
    telemetry.watch(aScheduler({ statuses: [aStatus('gpu-1')] }));

    const soon = await pageOf(telemetry);
    const gone = { instance_id: 'gpu-2' };
    expect(soon.samples('signalbox_instance_state', gone)).toEqual([]);
    expect(soon.value('signalbox_requests_total', gone)).toBe(1);

    clock.advance(60_000);
    const later = await pageOf(telemetry);
    expect(later.samples('signalbox_requests_total', gone)).toEqual([]);
    expect(later.samples('signalbox_e2e_request_latency_seconds_count', gone)).toEqual([]);
  });

  it('counts all instances but shows only as many by name as allowed', async () => {
    const telemetry = open({ maxInstanceLabels: 2 });
    telemetry.watch(aScheduler({ statuses: ['a', 'b', 'c'].map((id) => aStatus(id)) }));
    const page = await pageOf(telemetry);
    expect(page.value('signalbox_instances', { state: 'ready' })).toBe(3);
    const shown = page.samples('signalbox_instance_report_stale').map(({ labels }) => labels?.instance_id);
    expect(shown).toEqual(['a', 'b']);
  });

  it('gives the same page to two scrapers that come at once', async () => {
    const telemetry = openWithFleet();
    const [first, second] = await Promise.all([telemetry.metricsText(), telemetry.metricsText()]);
    expect(second).toBe(first);
    expect(readMetricsPage(first).value('signalbox_instances', { state: 'ready' })).toBe(2);
  });
});

describe('process, build and configuration', () => {
  it('shows what runs', async () => {
    const page = await pageOf(open());
    const labels = { version: '1.2.3', node_version: process.versions.node };
    expect(page.value('signalbox_build_info', labels)).toBe(1);
    expect(page.value('signalbox_process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(page.value('signalbox_event_loop_busy_seconds_total')).toBeGreaterThan(0);
  });

  it('shows whether the configuration is the one on disk, and since when it is in force', async () => {
    const clock = new ManualClock(5000);
    const telemetry = open({ clock });
    telemetry.onConfigLoad(true);
    clock.advance(1000);
    telemetry.onConfigLoad(false);
    const page = await pageOf(telemetry);
    expect(page.value('signalbox_config_last_reload_successful')).toBe(0);
    expect(page.value('signalbox_config_last_reload_success_timestamp_seconds')).toBe(5);
    expect(page.value('signalbox_config_reloads_total', { result: 'applied' })).toBe(1);
    expect(page.value('signalbox_config_reloads_total', { result: 'refused' })).toBe(1);
  });

  it('sees that the event loop was held up', async () => {
    const telemetry = open();
    await new Promise((resolve) => setTimeout(resolve, 120));
    const untilMs = performance.now() + 300;
    while (performance.now() < untilMs) Math.sqrt(untilMs);
    await new Promise((resolve) => setTimeout(resolve, 120));
    const page = await pageOf(telemetry);
    const total = page.value('signalbox_event_loop_lag_seconds_count');
    expect(page.value('signalbox_event_loop_lag_seconds_bucket', { le: '0.1' })).toBeLessThan(total);
  });
});

describe('the whole page', () => {
  it('follows the conventions in every metric, those of the process included', async () => {
    const { heads } = await pageOf(openWithFleet());
    expect(new Set(heads.map(({ name }) => name)).size).toBe(heads.length);
    for (const { name, help, type } of heads) {
      expect(name).toMatch(/^signalbox_[a-z0-9_]+$/);
      expect(help.length, name).toBeGreaterThan(10);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
    }
  });
});
