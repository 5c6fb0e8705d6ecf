/** Whoever is due first goes first; whoever is late steps aside, so as not to cost those their deadline who can still make it. */

import { type GivenParameters, type RequestMetadata, readParameters } from '../domain/index.ts';
import { fastest, leastLoaded, planInOrder, sortedBy } from './guide/plan.ts';
import type { BuiltInPolicy, GuideFunctions } from './policy.ts';
import { sloDueMs } from './slack.ts';
import { SlackOrders } from './slack-order.ts';

export const SLO_AWARE_PARAMETERS = {
  lateShare: {
    type: 'number',
    default: 0.1,
    min: 0.01,
    max: 1,
    describe: 'Least share of the dispatches that late requests get while there are any.',
  },
  noSloMs: {
    type: 'number',
    default: 60_000,
    min: 0,
    describe: 'When a request without deadline and SLO is due, in milliseconds after its arrival.',
  },
} as const;

export function sloAwarePolicy(given: GivenParameters = {}): BuiltInPolicy {
  const { lateShare, noSloMs } = readParameters('policy "slo-aware"', SLO_AWARE_PARAMETERS, given);
  const orders = new SlackOrders({
    lateShare,
    dueOf: (request) => {
      const dueMs = sloDueMs(request);
      return { key: dueMs ?? request.arrivalMs + noSloMs, lateAfterMs: dueMs ?? Number.POSITIVE_INFINITY };
    },
  });
  return {
    name: 'slo-aware',
    createOrder: () => orders.create(),
    onRequestDispatched: (request) => orders.dispatched(request),
    getStats: () => ({ dispatched: orders.dispatchedCount, dispatchedLate: orders.dispatchedLateCount }),
    ...sloGuide,
  };
}

/** The share of its time that a request has waited, 0 to 1; 0 without an SLO, 1 when it is late. */
export function urgency(request: RequestMetadata, nowMs: number): number {
  const dueMs = sloDueMs(request);
  if (dueMs === undefined) return 0;
  const allowedMs = dueMs - request.arrivalMs;
  const waitedMs = nowMs - request.arrivalMs;
  return waitedMs >= allowedMs ? 1 : Math.min(1, waitedMs / allowedMs);
}

/** From here on a request gets the fastest instance rather than the least loaded. */
const URGENT = 0.7;

export const sloGuide: GuideFunctions = {
  prioritize: (requests, { nowMs }) => sortedBy(requests, (request) => -urgency(request, nowMs)),
  schedule: (requests, instances, context) => {
    const urgencyOf = (request: RequestMetadata): number => urgency(request, context.nowMs);
    return planInOrder(sloGuide.prioritize(requests, context), instances, {
      choose: (request, candidates) =>
        urgencyOf(request) > URGENT ? fastest(candidates) : leastLoaded(candidates),
      describe: (request) => ({
        reason: `urgency ${urgencyOf(request).toFixed(2)}`,
        confidence: 1 - urgencyOf(request),
      }),
    });
  },
};
