/** How much is at an instance, from what its view tells. */

import type { InstanceView } from '../domain/index.ts';

export type { InstanceView };

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
