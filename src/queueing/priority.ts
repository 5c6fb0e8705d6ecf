/** By class, with ageing: every class below the first costs a fixed head start, so nothing waits for ever. */

import { priorityRank } from '../domain/index.ts';
import { keyedPolicy } from './keyed-policy.ts';

export interface PriorityPolicyParameters {
  /** Milliseconds of waiting that outweigh one class. */
  readonly agingMs?: number;
}

export const DEFAULT_AGING_MS = 30_000;

/**
 * A request of rank r that arrived at a goes as if it had arrived at a + r·`agingMs`: one class higher overtakes at most
 * `agingMs` of waiting. That is the usual "rank minus age" rule, written so that it does not change while the request waits.
 */
export function priorityPolicy(parameters: PriorityPolicyParameters = {}) {
  const agingMs = parameters.agingMs ?? DEFAULT_AGING_MS;
  if (!(Number.isFinite(agingMs) && agingMs >= 0)) {
    throw new RangeError(`priority: agingMs must be a number of at least 0, got ${agingMs}`);
  }
  return keyedPolicy('priority', (request) => request.arrivalMs + priorityRank(request.priority) * agingMs);
}
