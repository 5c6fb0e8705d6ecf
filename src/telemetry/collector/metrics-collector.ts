/** Collects the figures that policies and people read, from what happens to requests. */

import {
  type Clock,
  type CompletionFacts,
  type ExecutionInstance,
  type FailureKind,
  type InstanceMetrics,
  type LifecycleListener,
  type MetricsView,
  type PredictedMs,
  REQUEST_PRIORITIES,
  type RequestFigures,
  type RequestMetadata,
  type RequestPriority,
  type SchedulingDecision,
  type SchedulingMetrics,
} from '../../domain/index.ts';
import { Groups } from './groups.ts';
import { RequestWindow } from './request-window.ts';
import { SchedulingWindow } from './scheduling-window.ts';
import type { WindowOptions } from './sliding-window.ts';
import { hasSlo, metSlo } from './slo.ts';

export interface MetricsCollectorOptions {
  readonly clock: Clock;
  /** What the figures are of: the last minute unless told otherwise. */
  readonly windowMs?: number;
  /** The window moves on by a slice at a time. Default 6. */
  readonly slices?: number;
  /** Most models, and most tenants, with figures of their own. Default 1,000 each. */
  readonly maxGroups?: number;
  /** For so long, figures are not computed anew. Default 1,000. */
  readonly cacheMs?: number;
  /** Requests in the queue now; asked whenever a request leaves queue or instance. */
  readonly waitingRequests?: () => number;
  /** Whether a prediction was close enough. Default: within 10 % of what came. */
  readonly isAccurate?: (predictedMs: number, actualMs: number) => boolean;
}

const DEFAULTS = {
  windowMs: 60_000,
  slices: 6,
  maxGroups: 1_000,
  cacheMs: 1_000,
  isAccurate: (predictedMs: number, actualMs: number) => Math.abs(predictedMs - actualMs) <= 0.1 * actualMs,
} as const;

/** What each way of failing counts for: a fault of the instance, a failure of the request, or nobody's. */
const COUNTS: Readonly<Record<FailureKind, { readonly instance: boolean; readonly request: boolean }>> = {
  failed: { instance: true, request: true },
  retried: { instance: true, request: false },
  rejected: { instance: false, request: true },
  'pushed-back': { instance: false, request: false },
  cancelled: { instance: false, request: false },
};

interface WatchedInstance {
  instance: ExecutionInstance;
  activeRequests: number;
  readonly window: RequestWindow;
}

/** Memory is bounded by instances, models and tenants, never by requests, but for a number for each request in flight. */
export class MetricsCollector implements LifecycleListener, MetricsView {
  readonly #options: Required<Omit<MetricsCollectorOptions, 'waitingRequests'>>;
  readonly #waitingRequests: (() => number) | undefined;
  readonly #instances = new Map<string, WatchedInstance>();
  readonly #models: Groups;
  readonly #tenants: Groups;
  readonly #priorities: Groups;
  readonly #all: RequestWindow;
  readonly #scheduling: SchedulingWindow;
  /** Foretold times to first token of requests in flight. */
  readonly #foretold = new Map<string, number>();
  readonly #cache = new Map<string, { readonly atMs: number; readonly value: unknown }>();

  constructor({ waitingRequests, ...options }: MetricsCollectorOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#waitingRequests = waitingRequests;
    const { maxGroups } = this.#options;
    const window = this.#windowFromNow();
    this.#models = new Groups(window, maxGroups);
    this.#tenants = new Groups(window, maxGroups);
    this.#priorities = new Groups(window, REQUEST_PRIORITIES.length);
    this.#all = new RequestWindow(window);
    this.#scheduling = new SchedulingWindow(window);
  }

  // What is heard

  /** A `DecisionListener`. */
  onDecision(decision: SchedulingDecision, tookMicros: number): void {
    this.#scheduling.decided(tookMicros, decision.atMs);
    if (decision.predictedTtftMs !== undefined) this.foretold(decision.requestId, decision.predictedTtftMs);
  }

  /** How long the first token of a request in flight was foretold to take. */
  foretold(requestId: string, ttft: PredictedMs): void {
    this.#foretold.set(requestId, ttft.mean);
  }

  observeQueueLength(requests: number, nowMs: number): void {
    this.#scheduling.waiting(requests, nowMs);
  }

  onInstanceRegistered(instance: ExecutionInstance): void {
    this.#watched(instance).instance = instance;
  }

  onInstanceRemoved(instanceId: string): void {
    this.#instances.delete(instanceId);
  }

  onRequestDispatched(_request: RequestMetadata, instance: ExecutionInstance, nowMs: number): void {
    this.#watched(instance).activeRequests++;
    this.#sampleQueue(nowMs);
  }

  onFirstToken(request: RequestMetadata, instance: ExecutionInstance, ttftMs: number, nowMs: number): void {
    const foretoldMs = this.#foretold.get(request.id);
    this.#foretold.delete(request.id);
    // The first byte of an answer that comes in one piece is its end.
    if (foretoldMs === undefined || !request.stream) return;
    const errorMs = Math.abs(foretoldMs - ttftMs);
    this.#scheduling.predicted(errorMs, this.#options.isAccurate(foretoldMs, ttftMs), nowMs);
    for (const window of this.#windowsOf(request)) window.predicted(errorMs, ttftMs, nowMs);
    this.#watched(instance).window.predicted(errorMs, ttftMs, nowMs);
  }

  onRequestCompleted(
    request: RequestMetadata,
    facts: CompletionFacts,
    instance: ExecutionInstance,
    nowMs: number,
  ): void {
    const { latencyMs, queueMs: queueWaitMs, outputTokens = 0 } = facts;
    const watched = this.#leave(request, instance, nowMs);
    const windows = this.#windowsOf(request);
    for (const window of windows) window.completed({ latencyMs, queueWaitMs, outputTokens }, nowMs);
    watched?.window.completed({ latencyMs: latencyMs - queueWaitMs, queueWaitMs, outputTokens }, nowMs);
    if (!hasSlo(request)) return;
    const wasMet = metSlo(request, facts);
    for (const window of windows) window.slo(wasMet, nowMs);
    watched?.window.slo(wasMet, nowMs);
  }

  onRequestFailed(
    request: RequestMetadata,
    instance: ExecutionInstance | undefined,
    nowMs: number,
    kind: FailureKind,
  ): void {
    const watched = this.#leave(request, instance, nowMs);
    const counts = COUNTS[kind];
    const windows = counts.request ? this.#windowsOf(request) : [];
    if (counts.instance && watched !== undefined) windows.push(watched.window);
    for (const window of windows) {
      window.failed(nowMs);
      if (hasSlo(request) && counts.request) window.slo(false, nowMs);
    }
  }

  // What is read

  getAllInstanceMetrics(): ReadonlyMap<string, InstanceMetrics> {
    return this.#cached('instances', (nowMs) => {
      const metrics = new Map<string, InstanceMetrics>();
      for (const [id, watched] of this.#instances) metrics.set(id, instanceMetrics(id, watched, nowMs));
      return metrics;
    });
  }

  getInstanceMetrics(instanceId: string): InstanceMetrics | undefined {
    return this.getAllInstanceMetrics().get(instanceId);
  }

  getModelMetrics(model: string): RequestFigures {
    return this.#models.figures(model, this.#options.clock.now());
  }

  getTenantMetrics(tenant: string): RequestFigures {
    return this.#tenants.figures(tenant, this.#options.clock.now());
  }

  /** Of those heard of last, the latest first. */
  latestModels(limit: number): ReadonlyMap<string, RequestFigures> {
    return this.#models.latest(limit, this.#options.clock.now());
  }

  /** Of those heard of last, the latest first. */
  latestTenants(limit: number): ReadonlyMap<string, RequestFigures> {
    return this.#tenants.latest(limit, this.#options.clock.now());
  }

  getPriorityMetrics(priority: RequestPriority): RequestFigures {
    return this.#cached(priority, (nowMs) => this.#priorities.figures(priority, nowMs));
  }

  getGlobalMetrics(): RequestFigures {
    return this.#cached('all', (nowMs) => this.#all.figures(nowMs));
  }

  getSchedulingMetrics(): SchedulingMetrics {
    return this.#cached('scheduling', (nowMs) => {
      const { p50QueueWaitMs, p95QueueWaitMs, p99QueueWaitMs } = this.getGlobalMetrics();
      const loadBalanceVariance = variance(Array.from(this.#instances.values(), loadOf));
      const compliance = REQUEST_PRIORITIES.map(
        (priority) => [priority, this.getPriorityMetrics(priority).sloCompliance] as const,
      );
      return Object.freeze({
        ...this.#scheduling.figures(nowMs),
        loadBalanceVariance,
        loadBalanceCoefficient: 1 / (1 + loadBalanceVariance),
        sloComplianceByPriority: Object.fromEntries(compliance) as Record<RequestPriority, number>,
        p50QueueWaitMs,
        p95QueueWaitMs,
        p99QueueWaitMs,
      });
    });
  }

  #cached<T>(key: string, compute: (nowMs: number) => T): T {
    const nowMs = this.#options.clock.now();
    const known = this.#cache.get(key);
    if (known !== undefined && nowMs - known.atMs < this.#options.cacheMs) return known.value as T;
    const value = compute(nowMs);
    this.#cache.set(key, { atMs: nowMs, value });
    return value;
  }

  #windowsOf({ model, tenant, priority }: RequestMetadata): RequestWindow[] {
    const windows = [this.#all, this.#models.group(model), this.#priorities.group(priority)];
    if (tenant !== undefined) windows.push(this.#tenants.group(tenant));
    return windows;
  }

  #watched(instance: ExecutionInstance): WatchedInstance {
    const known = this.#instances.get(instance.id);
    if (known !== undefined) return known;
    const window = new RequestWindow(this.#windowFromNow());
    const watched = { instance, activeRequests: 0, window };
    this.#instances.set(instance.id, watched);
    return watched;
  }

  #windowFromNow(): WindowOptions {
    const { windowMs, slices, clock } = this.#options;
    return { windowMs, slices, startMs: clock.now() };
  }

  /** Nothing where it had no instance, or where that is gone. */
  #leave(
    request: RequestMetadata,
    instance: ExecutionInstance | undefined,
    nowMs: number,
  ): WatchedInstance | undefined {
    this.#foretold.delete(request.id);
    this.#sampleQueue(nowMs);
    const watched = instance === undefined ? undefined : this.#instances.get(instance.id);
    if (watched !== undefined) watched.activeRequests = Math.max(0, watched.activeRequests - 1);
    return watched;
  }

  #sampleQueue(nowMs: number): void {
    if (this.#waitingRequests !== undefined) this.observeQueueLength(this.#waitingRequests(), nowMs);
  }
}

function instanceMetrics(instanceId: string, watched: WatchedInstance, nowMs: number): InstanceMetrics {
  const { activeRequests, window } = watched;
  return Object.freeze({
    ...window.figures(nowMs),
    instanceId,
    activeRequests,
    currentLoad: loadOf(watched),
  });
}

function loadOf({ activeRequests, instance: { maxConcurrency } }: WatchedInstance): number {
  return maxConcurrency > 0 ? activeRequests / maxConcurrency : 0;
}

/** Of the whole population. */
function variance(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
