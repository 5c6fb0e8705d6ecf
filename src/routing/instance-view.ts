/** An instance as routing sees it at this moment. */

import type { ExecutionInstance, InstanceReport, InstanceState } from '../domain/index.ts';

/**
 * The last report plus what was dispatched and minus what completed since it: scraped truth is old by the time it is used,
 * while our own events are exact. Routing only reads it.
 */
export interface InstanceView {
  readonly instance: ExecutionInstance;
  readonly state: InstanceState;
  /** Requests we dispatched there that have not ended. */
  readonly inFlightRequests: number;
  /** Prompt tokens we dispatched there whose first token has not come. */
  readonly pendingPrefillTokens: number;
  /** The most requests it may have in flight now; below `maxConcurrency` while it proves itself after an ejection. */
  readonly windowRequests: number;
  /** Epoch milliseconds until which it gets nothing because its engine said it is full; 0 when it did not. */
  readonly restingUntilMs: number;
  readonly report: InstanceReport | undefined;
  /** Our own dispatches and ends since the last report. */
  readonly dispatchedSinceReport: number;
  readonly endedSinceReport: number;
  /** Age in milliseconds from which a report loses weight. */
  readonly staleAfterMs: number;
  /** Grows with each dispatch in the fleet; 0 before the first one here. */
  readonly lastDispatchOrder: number;
}

/** 1 for a fresh report, falling as 1/age once it is stale, 0 without one. */
export function reportFreshness(view: InstanceView, nowMs: number): number {
  if (view.report === undefined) return 0;
  const ageMs = nowMs - view.report.atMs;
  return ageMs <= view.staleAfterMs ? 1 : view.staleAfterMs / ageMs;
}

/**
 * Requests that others than we have at the instance, as far as its last report tells: what it reported, plus our dispatches
 * and minus our ends since then, minus what we know to be ours; weighted by the report's freshness.
 */
export function foreignRequests(view: InstanceView, nowMs: number): number {
  const { report } = view;
  if (report === undefined) return 0;
  const reported = (report.waitingRequests ?? 0) + (report.runningRequests ?? 0);
  const now = reported + view.dispatchedSinceReport - view.endedSinceReport;
  return Math.max(0, now - view.inFlightRequests) * reportFreshness(view, nowMs);
}

/** Requests at the instance: ours exactly, others' as reported. */
export function estimatedRequests(view: InstanceView, nowMs: number): number {
  return view.inFlightRequests + foreignRequests(view, nowMs);
}
