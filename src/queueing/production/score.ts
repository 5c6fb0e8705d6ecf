/** The guide's score of a request: class, urgency, load and topology in one number; the highest goes first. */

import { priorityRank, REQUEST_PRIORITIES, type RequestMetadata } from '../../domain/index.ts';
import type { PolicyInstance } from '../custom/policy-instance.ts';
import { sloDueMs } from '../slack.ts';
import type { ProductionParameters } from './parameters.ts';

/** Points for each step of class, for a request that is late, at most for one in time, for load, for topology. */
export const POINTS = { class: 10, late: 100, urgent: 50, load: 10, topology: 5 } as const;

/** 5 for `CRITICAL` down to 1 for `BACKGROUND`. */
export const classValue = ({ priority }: RequestMetadata): number =>
  REQUEST_PRIORITIES.length - priorityRank(priority);

/** @param compatible instances that could take it; at least one */
export function productionScore(
  request: RequestMetadata,
  compatible: readonly PolicyInstance[],
  parameters: ProductionParameters,
  nowMs: number,
): number {
  const { sloWeight, loadWeight, topologyWeight, preferredMachine } = parameters;
  const running = compatible.reduce((sum, { currentLoad }) => sum + currentLoad, 0) / compatible.length;
  const isLocal = preferredMachine !== '' && compatible.some(({ machine }) => machine === preferredMachine);
  return (
    POINTS.class * classValue(request) +
    sloWeight * sloPoints(request, nowMs) +
    loadWeight * POINTS.load * (1 - running / 100) +
    (isLocal ? topologyWeight * POINTS.topology : 0)
  );
}

function sloPoints(request: RequestMetadata, nowMs: number): number {
  const dueMs = sloDueMs(request);
  if (dueMs === undefined) return 0;
  const remainingMs = dueMs - nowMs;
  return remainingMs < 0 ? POINTS.late : POINTS.urgent * (1 - remainingMs / (dueMs - request.arrivalMs));
}

/**
 * When the score of a request comes to that of a `BACKGROUND` request at its deadline. A score grows with time, so that no
 * order by it lasts; the moment at which it crosses one and the same line is a number that does.
 */
export function crossingMs(request: RequestMetadata, sloWeight: number, allowedMs: number): number {
  const line = POINTS.class + sloWeight * POINTS.urgent;
  const missing = line - POINTS.class * classValue(request);
  const pointsPerMs = (Math.max(sloWeight, 0.01) * POINTS.urgent) / Math.max(1, allowedMs);
  return request.arrivalMs + missing / pointsPerMs;
}
