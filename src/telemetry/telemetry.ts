/** Everything that watches requests and decisions, joined behind the two listeners that doors and scheduler know. */

import type { Clock } from '../domain/index.ts';
import type { DecisionListener } from '../scheduler/inspection.ts';
import { createDecisionLog, type DecisionLog } from './decision-log.ts';
import { createInstanceErrorLog, type InstanceErrorLog } from './instance-errors.ts';
import { createMetrics, type MetricsOptions, type WatchedScheduler } from './metrics.ts';
import type { WatchedPredictor } from './prediction-metrics.ts';
import { type InfoLog, logRequest } from './request-log.ts';
import type { RequestObserver, RequestRecord } from './request-record.ts';
import type { TaskMetrics } from './task-metrics.ts';

export interface TelemetryOptions extends Omit<MetricsOptions, 'clock'> {
  /** Default: the wall clock. */
  readonly clock?: Clock;
  /** How many decisions are kept. Default 1,000. */
  readonly decisionLogSize?: number;
  /** Gets one line for each request. */
  readonly requestLog?: InfoLog;
}

export interface Telemetry {
  /** For the doors. */
  readonly observer: RequestObserver;
  /** For the scheduler. */
  readonly onDecision: DecisionListener;
  readonly decisions: DecisionLog;
  readonly instanceErrors: InstanceErrorLog;
  /** Whose queue and fleet the metrics show; the scheduler is made after its listener. */
  watch(scheduler: WatchedScheduler): void;
  /** Whose accuracy the metrics show. */
  watchPredictor(predictor: WatchedPredictor): void;
  /** For the task queue. */
  readonly tasks: TaskMetrics;
  /** Whether some task instance serves the model, so that it may be a label. */
  watchTaskModels(isServed: (model: string) => boolean): void;
  /** The configuration was loaded (the first time, or anew), or what was found was refused. */
  onConfigLoad(isApplied: boolean): void;
  /** The page in Prometheus' text format. */
  metricsText(): Promise<string>;
  stop(): void;
}

/** Media type of `metricsText`. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const WALL_CLOCK: Clock = { now: () => Date.now() };

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { clock = WALL_CLOCK, requestLog } = options;
  const metrics = createMetrics({ ...options, clock });
  const decisions = createDecisionLog(options.decisionLogSize);
  const instanceErrors = createInstanceErrorLog();

  function recordError(record: RequestRecord): void {
    if (record.outcome !== 'failed' || record.errorCode === undefined || record.instanceId === undefined)
      return;
    const error = { atMs: clock.now(), code: record.errorCode, model: record.model, isRetried: false };
    instanceErrors.record(record.instanceId, error);
  }

  return {
    observer: {
      onRequestStart: metrics.onStart,
      onRetry(model, instanceId, reason) {
        metrics.onRetry(model, instanceId, reason);
        instanceErrors.record(instanceId, { atMs: clock.now(), code: reason, model, isRetried: true });
      },
      onRequestEnd(record) {
        metrics.onEnd(record);
        decisions.outcome(record);
        recordError(record);
        if (requestLog !== undefined) logRequest(requestLog, record);
      },
    },
    onDecision(decision, tookMicros) {
      metrics.onDecision(decision, tookMicros);
      decisions.record(decision, tookMicros);
    },
    decisions,
    instanceErrors,
    watch: metrics.watch,
    watchPredictor: metrics.watchPredictor,
    tasks: metrics.tasks,
    watchTaskModels: metrics.watchTaskModels,
    onConfigLoad: metrics.onConfigLoad,
    metricsText: metrics.text,
    stop: metrics.stop,
  };
}
