/** Reads the scheduler's state into the metrics when a page is asked for. */

import { INSTANCE_STATES, REQUEST_PRIORITIES } from '../domain/index.ts';
import type {
  InstanceStatus,
  LaneStatus,
  SchedulerCounters,
  SchedulerInspection,
} from '../scheduler/inspection.ts';
import { type BoundedLabels, OTHER_LABEL } from './bounded-labels.ts';
import { METRICS, type MetricNameOf } from './metric-definitions.ts';
import type { MetricStore } from './metric-store.ts';
import { readShadow } from './shadow-metrics.ts';

export interface SchedulerMetricsOptions {
  readonly store: MetricStore;
  readonly models: BoundedLabels;
  readonly instances: BoundedLabels;
}

/** Replaces what the metrics say of queue and fleet by what `inspection` says now. */
export function readScheduler(inspection: SchedulerInspection, options: SchedulerMetricsOptions): void {
  const { store } = options;
  for (const name of REFILLED) store.number(name).clear();
  readQueue(inspection, options);
  readCounters(inspection.counters(), store);
  readFleet(inspection.instances(), options);
  const shadow = inspection.shadow();
  if (shadow !== undefined) readShadow(shadow, options);
}

/** What is written anew for each page, so that lanes, instances and shadows that went leave nothing behind. */
const REFILLED = (Object.keys(METRICS) as MetricNameOf<'gauge'>[]).filter(
  (name) =>
    name.startsWith('signalbox_instance') ||
    name.startsWith('signalbox_shadow') ||
    name === 'signalbox_requests_running' ||
    name === 'signalbox_requests_waiting' ||
    name === 'signalbox_queue_tokens' ||
    name === 'signalbox_queue_oldest_wait_seconds',
);

function readQueue(inspection: SchedulerInspection, { store, models }: SchedulerMetricsOptions): void {
  const queue = inspection.queue();
  for (const [model, count] of Object.entries(queue.inFlightByModel)) {
    store.number('signalbox_requests_running').cell(models.labelFor(model)).value += count;
  }
  store.number('signalbox_queue_max_requests').cell().value = queue.maxWaitingRequests;
  store.number('signalbox_queue_drain_rate').cell().value = queue.drainRatePerSecond;
  for (const lane of queue.lanes) readLane(lane, models.labelFor(lane.model), store);
}

/** Adds rather than sets, since lanes beyond the label limit share one label. */
function readLane(lane: LaneStatus, model: string, store: MetricStore): void {
  for (const priority of REQUEST_PRIORITIES) {
    const waiting = store.number('signalbox_requests_waiting').cell(model, priority.toLowerCase());
    waiting.value += lane.waitingByPriority[priority];
  }
  store.number('signalbox_queue_tokens').cell(model).value += lane.waitingTokens;
  const oldest = store.number('signalbox_queue_oldest_wait_seconds').cell(model);
  oldest.value = Math.max(oldest.value, lane.oldestWaitMs / 1000);
}

function readCounters(counters: SchedulerCounters, store: MetricStore): void {
  const { rejected, ejected, pushedBack, ...events } = counters;
  const requests = store.number('signalbox_scheduler_requests_total');
  for (const [event, count] of Object.entries(events)) requests.cell(event).value = count;
  requests.cell('pushed_back').value = pushedBack;
  for (const [reason, count] of Object.entries(rejected)) {
    store.number('signalbox_rejections_total').cell(reason.replaceAll('-', '_')).value = count;
  }
  store.number('signalbox_ejections_total').cell().value = ejected;
}

function readFleet(statuses: readonly InstanceStatus[], options: SchedulerMetricsOptions): void {
  const { store, instances } = options;
  for (const state of INSTANCE_STATES) store.number('signalbox_instances').cell(state);
  for (const status of statuses) {
    store.number('signalbox_instances').cell(status.state).value += 1;
    const label = instances.labelFor(status.instance.id);
    // The gauges of several instances under one label would add up to nothing meaningful.
    if (label !== OTHER_LABEL) readInstance(status, label, store);
  }
}

function readInstance(status: InstanceStatus, label: string, store: MetricStore): void {
  const { instance } = status;
  store
    .number('signalbox_instance_info')
    .cell(label, instance.engine, instance.role, instance.gpuType ?? '').value = 1;
  for (const state of INSTANCE_STATES) {
    store.number('signalbox_instance_state').cell(label, state).value = Number(status.state === state);
  }
  for (const [name, read] of PER_INSTANCE) {
    const value = read(status);
    if (value !== undefined) store.number(name).cell(label).value = value;
  }
}

/** The gauges of one instance, and where each comes from; `undefined` leaves the series out. */
const PER_INSTANCE: readonly (readonly [
  MetricNameOf<'gauge'>,
  (status: InstanceStatus) => number | undefined,
])[] = [
  ['signalbox_instance_requests_in_flight', (status) => status.inFlightRequests],
  ['signalbox_instance_max_requests', (status) => status.instance.maxConcurrency],
  ['signalbox_instance_pending_prefill_tokens', (status) => status.pendingPrefillTokens],
  ['signalbox_instance_consecutive_failures', (status) => status.consecutiveFailures],
  ['signalbox_instance_reported_requests_waiting', (status) => status.report?.waitingRequests],
  ['signalbox_instance_reported_requests_running', (status) => status.report?.runningRequests],
  ['signalbox_instance_reported_kv_cache_usage_ratio', (status) => status.report?.kvCacheUsage],
  ['signalbox_instance_reported_prefix_cache_hit_ratio', (status) => status.report?.prefixCacheHitRate],
  ['signalbox_instance_report_age_seconds', (status) => inSeconds(status.reportAgeMs)],
  ['signalbox_instance_report_stale', (status) => Number(status.isReportStale)],
];

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
