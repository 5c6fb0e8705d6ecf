/** The metrics as a whole: fed by doors and scheduler, read by a scraper. */

import type { Clock } from '../domain/index.ts';
import type { SchedulerInspection } from '../scheduler/inspection.ts';
import { type BoundedLabels, createBoundedLabels } from './bounded-labels.ts';
import { createMetricStore, type MetricStore } from './metric-store.ts';
import { createPolicyMetrics } from './policy-metrics.ts';
import { readPredictor, type WatchedPredictor } from './prediction-metrics.ts';
import { createProcessMetrics, watchEventLoop } from './process-metrics.ts';
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts';
import { readScheduler } from './scheduler-metrics.ts';
import { createTaskMetrics, type TaskMetrics } from './task-metrics.ts';

/** What the metrics need to see of the scheduler. */
export type WatchedScheduler = SchedulerInspection & { modelNames(): readonly string[] };

export interface MetricsOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Most models with series of their own; the rest share `other`. Default 200. */
  readonly maxModelLabels?: number;
  /** Most instances with series of their own; the rest share `other`. Default 1,000. */
  readonly maxInstanceLabels?: number;
  /** How long the series of an instance outlive it, milliseconds. Default 15 minutes. */
  readonly forgetInstanceAfterMs?: number;
}

export interface Metrics extends RequestMetrics {
  /** Whose state the metrics show from now on. */
  watch(scheduler: WatchedScheduler): void;
  /** Whose accuracy the metrics show from now on. */
  watchPredictor(predictor: WatchedPredictor): void;
  readonly tasks: TaskMetrics;
  /** Whether some task instance serves the model, so that it may be a label. */
  watchTaskModels(isServed: (model: string) => boolean): void;
  onConfigLoad(isApplied: boolean): void;
  /** The page in Prometheus' text format, version 0.0.4. */
  text(): Promise<string>;
  stop(): void;
}

export function createMetrics(options: MetricsOptions): Metrics {
  const store = createMetricStore();
  const eventLoop = watchEventLoop(store);
  const processMetrics = createProcessMetrics();
  let scheduler: WatchedScheduler | undefined;
  let predictor: WatchedPredictor | undefined;
  let isServedByTasks = (_model: string): boolean => false;
  const models = createBoundedLabels({
    maxValues: options.maxModelLabels ?? 200,
    isKnown: (name) => (scheduler?.modelNames().includes(name) ?? false) || isServedByTasks(name),
  });
  const instances = createBoundedLabels({
    maxValues: options.maxInstanceLabels ?? 1000,
    isKnown: (id) => scheduler?.instances().some(({ instance }) => instance.id === id) ?? false,
  });
  const readPolicy = createPolicyMetrics(store);
  const requests = createRequestMetrics({ store, models, instances });
  const forgetDeparted = departures(instances, requests, options);
  store.number('signalbox_build_info').cell(options.version, process.versions.node).value = 1;

  async function writePage(): Promise<string> {
    eventLoop.readBusyTime();
    if (scheduler !== undefined) {
      forgetDeparted(scheduler);
      readScheduler(scheduler, { store, models, instances });
      readPolicy(scheduler.policy());
    }
    if (predictor !== undefined) readPredictor(predictor, store);
    return (await store.text()) + (await processMetrics.text());
  }

  return {
    ...requests,
    tasks: createTaskMetrics(store, models),
    watchTaskModels(isServed) {
      isServedByTasks = isServed;
    },
    watch(watched) {
      scheduler = watched;
    },
    watchPredictor(watched) {
      predictor = watched;
    },
    onConfigLoad: (isApplied) => countConfigLoad(store, isApplied, options.clock),
    text: shared(writePage),
    stop: eventLoop.stop,
  };
}

function countConfigLoad(store: MetricStore, isApplied: boolean, clock: Clock): void {
  store.number('signalbox_config_reloads_total').cell(isApplied ? 'applied' : 'refused').value += 1;
  store.number('signalbox_config_last_reload_successful').cell().value = Number(isApplied);
  if (!isApplied) return;
  store.number('signalbox_config_last_reload_success_timestamp_seconds').cell().value = clock.now() / 1000;
}

/** Forgets instances that left the fleet long enough ago for every scraper to have read their last values. */
function departures(
  instances: BoundedLabels,
  requests: RequestMetrics,
  { clock, forgetInstanceAfterMs = 15 * 60_000 }: MetricsOptions,
): (scheduler: SchedulerInspection) => void {
  const leftAtMs = new Map<string, number>();
  return (scheduler) => {
    const present = new Set(scheduler.instances().map(({ instance }) => instance.id));
    for (const id of instances.values()) {
      if (present.has(id)) {
        leftAtMs.delete(id);
        continue;
      }
      const left = leftAtMs.get(id) ?? clock.now();
      leftAtMs.set(id, left);
      if (clock.now() - left < forgetInstanceAfterMs) continue;
      leftAtMs.delete(id);
      requests.forgetInstance(id);
    }
  };
}

/** Callers that ask while an answer is being made get that same answer. */
function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= make().finally(() => {
      running = undefined;
    });
    return running;
  };
}
