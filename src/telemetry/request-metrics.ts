/** Counts what happens to requests: the part of the metrics that is fed while requests run. */

import type { ErrorCode, SchedulingDecision } from '../domain/index.ts';
import type { BoundedLabels } from './bounded-labels.ts';
import type { HistogramCell, NumberCell } from './metric-cells.ts';
import type { MetricNameOf } from './metric-definitions.ts';
import type { MetricStore } from './metric-store.ts';
import { REQUEST_OUTCOMES, type RequestOutcome, type RequestRecord } from './request-record.ts';

export interface RequestMetrics {
  onStart(): void;
  onDecision(decision: SchedulingDecision, tookMicros: number): void;
  onRetry(model: string, instanceId: string, reason: ErrorCode): void;
  onEnd(record: RequestRecord): void;
  /** Drops the series of an instance that is no more. */
  forgetInstance(instanceId: string): void;
}

export interface RequestMetricsOptions {
  readonly store: MetricStore;
  readonly models: BoundedLabels;
  readonly instances: BoundedLabels;
}

/** Every series of one model on one instance, looked up once and then at hand. */
interface RouteCells {
  readonly outcomes: Readonly<Record<RequestOutcome, () => NumberCell>>;
  readonly queueTime: () => HistogramCell;
  readonly e2e: () => HistogramCell;
  readonly timeToFirstToken: () => HistogramCell;
  readonly timePerOutputToken: () => HistogramCell;
  readonly promptTokens: () => NumberCell;
  readonly cachedTokens: () => NumberCell;
  readonly outputTokens: () => NumberCell;
  readonly decisions: () => NumberCell;
}

export function createRequestMetrics({ store, models, instances }: RequestMetricsOptions): RequestMetrics {
  const open = store.number('signalbox_requests_open').cell();
  const errors = store.number('signalbox_request_errors_total');
  const retries = store.number('signalbox_retries_total');
  const decisionDuration = store.histogram('signalbox_decision_duration_seconds').cell();
  const routes = new Map<string, Map<string, RouteCells>>();

  function routeCells(model: string, instanceId: string): RouteCells {
    const known = routes.get(model)?.get(instanceId);
    if (known !== undefined) return known;
    const modelLabel = models.labelFor(model);
    const instanceLabel = instances.labelFor(instanceId);
    const cells = cellsOf(store, modelLabel, instanceLabel);
    // What is counted under a stand-in is not kept by its own name, or callers could fill the memory with names.
    if (modelLabel !== model || instanceLabel !== instanceId) return cells;
    const byInstance = routes.get(model) ?? new Map<string, RouteCells>();
    routes.set(model, byInstance.set(instanceId, cells));
    return cells;
  }

  return {
    onStart() {
      open.value += 1;
    },
    onDecision(decision, tookMicros) {
      decisionDuration.observe(tookMicros / 1e6);
      routeCells(decision.model, decision.instanceId).decisions().value += 1;
    },
    onRetry(model, instanceId, reason) {
      retries.cell(models.labelFor(model), instances.labelFor(instanceId), reason).value += 1;
    },
    onEnd(record) {
      open.value -= 1;
      countEnd(routeCells(record.model, record.instanceId ?? ''), record);
      if (record.errorCode !== undefined) {
        errors.cell(models.labelFor(record.model), record.errorCode).value += 1;
      }
    },
    forgetInstance(instanceId) {
      for (const byInstance of routes.values()) byInstance.delete(instanceId);
      instances.forget(instanceId);
      store.forget('instance_id', instanceId);
    },
  };
}

function countEnd(cells: RouteCells, record: RequestRecord): void {
  cells.outcomes[record.outcome]().value += 1;
  cells.queueTime().observe(record.queueMs / 1000);
  cells.e2e().observe(record.e2eMs / 1000);
  if (record.ttftMs !== undefined) cells.timeToFirstToken().observe(record.ttftMs / 1000);
  if (record.tpotMs !== undefined) cells.timePerOutputToken().observe(record.tpotMs / 1000);
  if (record.promptTokens !== undefined) cells.promptTokens().value += record.promptTokens;
  if (record.cachedTokens !== undefined) cells.cachedTokens().value += record.cachedTokens;
  if (record.outputTokens !== undefined) cells.outputTokens().value += record.outputTokens;
}

function cellsOf(store: MetricStore, model: string, instance: string): RouteCells {
  const outcome = (name: RequestOutcome) =>
    once(() => store.number('signalbox_requests_total').cell(model, instance, name));
  const histogram = (name: MetricNameOf<'histogram'>) =>
    once(() => store.histogram(name).cell(model, instance));
  const number = (name: MetricNameOf<'counter'>) => once(() => store.number(name).cell(model, instance));
  return {
    outcomes: Object.fromEntries(
      REQUEST_OUTCOMES.map((name) => [name, outcome(name)]),
    ) as RouteCells['outcomes'],
    queueTime: histogram('signalbox_request_queue_time_seconds'),
    e2e: histogram('signalbox_e2e_request_latency_seconds'),
    timeToFirstToken: histogram('signalbox_time_to_first_token_seconds'),
    timePerOutputToken: histogram('signalbox_time_per_output_token_seconds'),
    promptTokens: number('signalbox_prompt_tokens_total'),
    cachedTokens: number('signalbox_cached_prompt_tokens_total'),
    outputTokens: number('signalbox_output_tokens_total'),
    decisions: number('signalbox_decisions_total'),
  };
}

/** A series made when it is first fed, so that a page shows no series that never had a value. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
