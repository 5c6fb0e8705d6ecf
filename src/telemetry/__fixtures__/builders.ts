/** Records with defaults, for the tests of telemetry and of what shows it. */

import { createInstance, REQUEST_PRIORITIES, type SchedulingDecision } from '../../domain/index.ts';
import type { PolicyFigures } from '../../queueing/index.ts';
import { REJECTION_REASONS } from '../../scheduler/events.ts';
import type {
  InstanceStatus,
  LaneStatus,
  QueueStatus,
  SchedulerCounters,
} from '../../scheduler/inspection.ts';
import type { ShadowReport } from '../../scheduler/shadow/report.ts';
import type { WatchedScheduler } from '../metrics.ts';
import type { RequestRecord } from '../request-record.ts';

export function aDecision(overrides: Partial<SchedulingDecision> = {}): SchedulingDecision {
  return {
    id: 'decision-1',
    requestId: 'request-1',
    instanceId: 'gpu-1',
    model: 'llama',
    atMs: Date.UTC(2026, 0, 1),
    queueMs: 12,
    attempt: 1,
    policy: 'fifo',
    profile: 'default',
    score: 0.83,
    parallel: { tensor: 1, pipeline: 1, data: 1, expert: 1 },
    reason: 'least loaded',
    candidates: [],
    candidateCount: 3,
    filteredOut: {},
    ...overrides,
  };
}

export function aRecord(overrides: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'request-1',
    model: 'llama',
    kind: 'chat',
    path: '/v1/chat/completions',
    stream: true,
    priority: 'NORMAL',
    outcome: 'completed',
    status: 200,
    instanceId: 'gpu-1',
    decisionId: 'decision-1',
    attempts: 1,
    arrivalMs: Date.UTC(2026, 0, 1),
    queueMs: 12,
    ttftMs: 150,
    tpotMs: 20,
    e2eMs: 2130,
    promptTokens: 300,
    cachedTokens: 120,
    outputTokens: 100,
    ...overrides,
  };
}

export function aStatus(id: string, overrides: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    instance: createInstance({
      id,
      url: `http://${id}.test:8000`,
      engine: 'vllm',
      models: ['llama'],
      maxConcurrency: 8,
    }),
    state: 'ready',
    inFlightRequests: 2,
    pendingPrefillTokens: 640,
    isReportStale: false,
    consecutiveFailures: 0,
    ejections: 0,
    dispatchedTotal: 7,
    ...overrides,
  };
}

export function aLane(model: string, overrides: Partial<LaneStatus> = {}): LaneStatus {
  const none = Object.fromEntries(REQUEST_PRIORITIES.map((priority) => [priority, 0]));
  return {
    model,
    waitingRequests: 0,
    waitingTokens: 0,
    waitingByPriority: none as LaneStatus['waitingByPriority'],
    oldestWaitMs: 0,
    ...overrides,
  };
}

export function aQueue(overrides: Partial<QueueStatus> = {}): QueueStatus {
  return {
    waitingRequests: 0,
    waitingTokens: 0,
    maxWaitingRequests: 1000,
    maxWaitingTokens: 1_000_000,
    inFlightRequests: 0,
    inFlightByModel: {},
    drainRatePerSecond: 0,
    lanes: [],
    ...overrides,
  };
}

export function someCounters(overrides: Partial<SchedulerCounters> = {}): SchedulerCounters {
  const none = Object.fromEntries(REJECTION_REASONS.map((reason) => [reason, 0]));
  return {
    arrived: 0,
    dispatched: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    retried: 0,
    pushedBack: 0,
    ejected: 0,
    rejected: none as SchedulerCounters['rejected'],
    ...overrides,
  };
}

/** What a scheduler would show in this situation. */
export interface Situation {
  readonly statuses?: readonly InstanceStatus[];
  readonly queue?: QueueStatus;
  readonly counters?: SchedulerCounters;
  readonly shadow?: ShadowReport;
  readonly policy?: PolicyFigures;
}

export function aScheduler(situation: Situation = {}): WatchedScheduler {
  const { statuses = [], queue, counters, shadow, policy } = situation;
  return {
    instances: () => statuses,
    queue: () => queue ?? aQueue(),
    counters: () => counters ?? someCounters(),
    shadow: () => shadow,
    policy: () => policy ?? { name: 'fifo', figures: {}, isTruncated: false },
    modelNames: () => [...new Set(statuses.flatMap(({ instance }) => instance.models))],
  };
}
