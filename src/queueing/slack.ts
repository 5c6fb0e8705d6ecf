/** When a request's first token is due, as one number that is fixed when it joins. */

import { priorityRank, type RequestMetadata } from '../domain/index.ts';

/**
 * How long each class may wait for its first token when the request names no deadline and no SLO, milliseconds, before
 * `NO_SLO_FACTOR`. So a request without an SLO becomes ever more urgent as it waits, which is its ageing.
 */
export const CLASS_TTFT_MS: readonly number[] = [1_000, 2_000, 5_000, 15_000, 30_000];
const NO_SLO_FACTOR = 8;

export interface Due {
  /** Epoch milliseconds by which the first token should have come. */
  readonly atMs: number;
  /** Whether being late is a loss: only a deadline or an SLO can be missed. */
  readonly canBeMissed: boolean;
}

export function dueOf(request: RequestMetadata): Due {
  const { arrivalMs, deadlineMs, ttftSloMs, priority } = request;
  const byDeadline = deadlineMs ?? Number.POSITIVE_INFINITY;
  const bySlo = ttftSloMs === undefined ? Number.POSITIVE_INFINITY : arrivalMs + ttftSloMs;
  const atMs = Math.min(byDeadline, bySlo);
  if (atMs < Number.POSITIVE_INFINITY) return { atMs, canBeMissed: true };
  return { atMs: arrivalMs + NO_SLO_FACTOR * CLASS_TTFT_MS[priorityRank(priority)]!, canBeMissed: false };
}
