/** Goes through requests in an order and gives each an instance, booking each so that the next one sees it. */

import type { RequestMetadata } from '../../domain/index.ts';
import type { PlannedDecision } from '../custom/custom-policy.ts';
import type { PolicyInstance } from '../custom/policy-instance.ts';

export interface PlanRules {
  /** One of those that can take the request; there is at least one. */
  choose(request: RequestMetadata, candidates: readonly PolicyInstance[]): PolicyInstance | undefined;
  describe(
    request: RequestMetadata,
    chosen: PolicyInstance,
  ): Omit<PlannedDecision, 'requestId' | 'instanceId'>;
}

/** Requests that nobody can take are left out. */
export function planInOrder(
  requests: readonly RequestMetadata[],
  instances: readonly PolicyInstance[],
  rules: PlanRules,
): PlannedDecision[] {
  const booked = [...instances];
  const decisions: PlannedDecision[] = [];
  for (const request of requests) {
    const candidates = booked.filter((instance) => canServe(instance, request));
    const chosen = candidates.length === 0 ? undefined : rules.choose(request, candidates);
    if (chosen === undefined) continue;
    decisions.push({
      requestId: request.id,
      instanceId: chosen.id,
      estimatedLatencyMs: chosen.avgLatencyMs,
      estimatedCostUsd: 0,
      confidence: 1,
      ...rules.describe(request, chosen),
    });
    booked[booked.indexOf(chosen)] = withOneMore(chosen);
  }
  return decisions;
}

/** An instance without a list of models takes any: the guides' examples leave it out. */
function canServe(instance: PolicyInstance, request: RequestMetadata): boolean {
  if (!instance.canAcceptRequest || request.failedInstances.includes(instance.id)) return false;
  const { models, adapters } = instance;
  return models.length === 0 || models.includes(request.model) || adapters.includes(request.model);
}

function withOneMore(instance: PolicyInstance): PolicyInstance {
  const currentLoad = instance.currentLoad + 1;
  const load = Math.min(1, instance.load + 1 / Math.max(1, instance.maxConcurrency));
  const canAcceptRequest = instance.canAcceptRequest && currentLoad < instance.maxConcurrency;
  return { ...instance, currentLoad, load, canAcceptRequest };
}

export const leastLoaded = (candidates: readonly PolicyInstance[]): PolicyInstance | undefined =>
  firstLeast(candidates, ({ load }) => load);

export const fastest = (candidates: readonly PolicyInstance[]): PolicyInstance | undefined =>
  firstLeast(candidates, ({ avgLatencyMs }) => avgLatencyMs);

/** The first of those with the least number. */
export function firstLeast<Item>(items: readonly Item[], numberOf: (item: Item) => number): Item | undefined {
  let best: Item | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const number = numberOf(item);
    if (best !== undefined && number >= least) continue;
    best = item;
    least = number;
  }
  return best;
}

/** In the order of their keys, compared one after the other; equal ones as they came. */
export function sortedBy(
  requests: readonly RequestMetadata[],
  ...keys: ((request: RequestMetadata) => number)[]
): RequestMetadata[] {
  return [...requests].sort((a, b) => {
    for (const key of keys) {
      const [first, second] = [key(a), key(b)];
      if (first !== second) return first - second;
    }
    return 0;
  });
}
