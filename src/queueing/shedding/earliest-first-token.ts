/** When a request's first token could come at the earliest: those before it, then the least loaded instance's work, then its own. */

import {
  type InstanceView,
  type LatencyPredictor,
  priorityRank,
  type RequestMetadata,
} from '../../domain/index.ts';
import type { PrefixKnowledge } from '../inputs.ts';
import type { AdmissionSituation } from './gate.ts';

/**
 * An optimistic bound, since whoever is turned away must really have had no chance: only requests of its class and above count
 * as before it, and it gets the instance with the least work.
 */
export function earliestFirstToken(
  predictor: LatencyPredictor,
  prefixes?: PrefixKnowledge,
): (request: RequestMetadata, situation: AdmissionSituation) => number | undefined {
  return function earliestFirstTokenMs(request, { nowMs, lane, instances, drainRatePerSecond }) {
    const least = leastWork(instances, request);
    if (least === undefined) return undefined;
    // Where every window is full, one more must end than go before it.
    const ends = countBefore(request, lane.countByRank) + (hasRoom(instances, request) ? 0 : 1);
    // Where nothing has ended yet, nobody knows how long that takes; its own time is a bound all the same.
    const queueMs = drainRatePerSecond === 0 ? 0 : (ends / drainRatePerSecond) * 1_000;
    const { id } = least.instance;
    const cachedTokens = Math.min(request.promptTokens, prefixes?.cachedTokens(request, id) ?? 0);
    const { mean } = predictor.ttft({
      instanceId: id,
      model: request.model,
      uncachedTokens: request.promptTokens - cachedTokens,
      cachedTokens,
      queuedPrefillTokens: least.work.uncachedTokens,
      queuedPrefillPairs: least.work.pairs,
      decodingRequests: least.work.decodingRequests,
      kvTokens: least.work.decodingKvTokens,
    });
    // While it waits in our queue, the work that is at the instance now is done.
    return nowMs + Math.max(queueMs, mean);
  };
}

function leastWork(
  instances: readonly InstanceView[],
  { failedInstances }: RequestMetadata,
): InstanceView | undefined {
  let best: InstanceView | undefined;
  for (const view of instances) {
    if (!mayServe(view, failedInstances)) continue;
    if (best === undefined || view.work.uncachedTokens < best.work.uncachedTokens) best = view;
  }
  return best;
}

function hasRoom(instances: readonly InstanceView[], { failedInstances }: RequestMetadata): boolean {
  return instances.some(
    (view) => mayServe(view, failedInstances) && view.inFlightRequests < view.windowRequests,
  );
}

function mayServe({ state, instance }: InstanceView, failedInstances: readonly string[]): boolean {
  return state === 'ready' && !failedInstances.includes(instance.id);
}

function countBefore({ priority }: RequestMetadata, countByRank: readonly number[]): number {
  let count = 0;
  for (let rank = priorityRank(priority); rank >= 0; rank--) count += countByRank[rank]!;
  return count;
}
