/** When a request's first token is due, as one number that is fixed when it joins. */

import { priorityRank, type RequestMetadata } from '../domain/index.ts';

/**
 * How long each class may wait for its first token when the request names no deadline and no SLO, milliseconds, before
 * `NO_SLO_FACTOR`. So a request without an SLO becomes ever more urgent as it waits, which is its ageing.
 */
export const CLASS_TTFT_MS: readonly number[] = [1_000, 2_000, 5_000, 15_000, 30_000];
const NO_SLO_FACTOR = 8;

/** Epoch milliseconds by which somebody said that it should be served, if anybody did. */
export function sloDueMs({ arrivalMs, deadlineMs, ttftSloMs }: RequestMetadata): number | undefined {
  if (ttftSloMs === undefined) return deadlineMs;
  return Math.min(deadlineMs ?? Number.POSITIVE_INFINITY, arrivalMs + ttftSloMs);
}

/** When it is due although nobody said so. */
export function classDueMs({ arrivalMs, priority }: RequestMetadata): number {
  return arrivalMs + NO_SLO_FACTOR * CLASS_TTFT_MS[priorityRank(priority)]!;
}
