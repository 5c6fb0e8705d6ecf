/** The scheduler's inside as data for those who look at it. */

import { REQUEST_PRIORITIES } from '../domain/index.ts';
import type { Lane } from '../queueing/index.ts';
import type { InstanceStatus, LaneStatus, QueueStatus } from './inspection.ts';
import type { InstanceRecord } from './instance-record.ts';
import type { Scheduler } from './scheduler.ts';

export function instanceStatus(record: InstanceRecord, nowMs: number): InstanceStatus {
  const { report, detail, ejectedUntilMs } = record;
  const reportAgeMs = report === undefined ? undefined : nowMs - report.atMs;
  return {
    instance: record.instance,
    state: record.state,
    inFlightRequests: record.inFlightRequests,
    pendingPrefillTokens: record.pendingPrefillTokens,
    isReportStale: reportAgeMs === undefined || reportAgeMs > record.staleAfterMs,
    consecutiveFailures: record.consecutiveFailures,
    ejections: record.ejections,
    dispatchedTotal: record.dispatchedTotal,
    ...(report !== undefined && { report }),
    ...(reportAgeMs !== undefined && { reportAgeMs }),
    ...(ejectedUntilMs > 0 && { ejectedUntilMs }),
    ...(detail !== undefined && { detail }),
  };
}

export function queueStatus(scheduler: Scheduler, nowMs: number): QueueStatus {
  const { queue, settings, inFlight } = scheduler;
  return {
    waitingRequests: queue.size,
    waitingTokens: queue.tokens,
    maxWaitingRequests: settings.admission.maxRequests,
    maxWaitingTokens: settings.admission.maxTokens,
    inFlightRequests: inFlight.count,
    inFlightByModel: inFlight.countByModel(),
    drainRatePerSecond: scheduler.drainRatePerSecond(),
    lanes: Array.from(queue.lanes(), (lane) => laneStatus(lane, nowMs)),
  };
}

function laneStatus(lane: Lane, nowMs: number): LaneStatus {
  const byPriority = REQUEST_PRIORITIES.map((priority, rank) => [priority, lane.countByRank[rank]!] as const);
  const oldest = lane.joined.first?.item;
  return {
    model: lane.model,
    waitingRequests: lane.size,
    waitingTokens: lane.waitingTokens,
    waitingByPriority: Object.fromEntries(byPriority) as LaneStatus['waitingByPriority'],
    oldestWaitMs: oldest === undefined ? 0 : nowMs - oldest.enqueuedMs,
  };
}
