/**
 * Several concerns in one: overloaded instances rest, urgent requests go first, the preferred machine is preferred, latencies
 * are remembered, every decision says why. Signalbox has the same built in as `production`, quicker and with late requests set
 * aside; this one shows how such a policy is written.
 */

import type { CustomPolicy, PolicyInstance } from '../../src/queueing/index.ts';

type Request = Parameters<NonNullable<CustomPolicy['nextRequest']>>[0][number];

export interface ProductionParameters {
  readonly sloWeight?: number;
  readonly loadWeight?: number;
  readonly topologyWeight?: number;
  readonly maxLoad?: number;
  readonly preferredMachine?: string;
}

const CLASS_VALUES = { CRITICAL: 5, HIGH: 4, NORMAL: 3, LOW: 2, BACKGROUND: 1 };
/** Latencies remembered of each model. */
const REMEMBERED = 1_000;

export function createPolicy({
  sloWeight = 2,
  loadWeight = 1,
  topologyWeight = 0.5,
  maxLoad = 0.8,
  preferredMachine,
}: ProductionParameters = {}): CustomPolicy {
  let decisions = 0;
  let restedAll = 0;
  const latencies = new Map<string, number[]>();

  /** Higher is better. */
  function instanceScore({ load, machine }: PolicyInstance): number {
    return (
      loadWeight * 10 * (1 - load) +
      (machine !== undefined && machine === preferredMachine ? topologyWeight * 5 : 0)
    );
  }

  function requestScore(request: Request, nowMs: number): number {
    return CLASS_VALUES[request.priority] * 10 + sloWeight * urgencyPoints(request, nowMs);
  }

  return {
    name: 'production-example',
    nextRequest(pending, instances, { nowMs }) {
      const healthy = instances.filter(({ load }) => load <= maxLoad);
      if (healthy.length === 0) {
        restedAll++;
        return undefined;
      }
      const request = firstMost(pending, (one) => requestScore(one, nowMs));
      if (request === undefined) return undefined;
      const instance = firstMost(
        healthy.filter(({ id }) => !request.failedInstances.includes(id)),
        instanceScore,
      );
      if (instance === undefined) return request;
      decisions++;
      const points = requestScore(request, nowMs).toFixed(0);
      return {
        requestId: request.id,
        instanceId: instance.id,
        reason: `${points} points, ${instance.id} at ${Math.round(instance.load * 100)} %`,
      };
    },
    onRequestCompleted({ model }, { latencyMs }) {
      const known = latencies.get(model) ?? [];
      latencies.set(model, known);
      known.push(latencyMs);
      if (known.length > REMEMBERED) known.shift();
    },
    getStats: () => ({
      decisions,
      restedAll,
      avgLatencyByModel: Object.fromEntries(
        Array.from(latencies, ([model, known]) => [
          model,
          known.reduce((sum, ms) => sum + ms, 0) / known.length,
        ]),
      ),
    }),
  };
}

/** Up to 50 as the deadline comes near, 100 once it is past. */
function urgencyPoints({ arrivalMs, deadlineMs }: Request, nowMs: number): number {
  if (deadlineMs === undefined) return 0;
  const remainingMs = deadlineMs - nowMs;
  return remainingMs < 0 ? 100 : 50 * (1 - remainingMs / (deadlineMs - arrivalMs));
}

function firstMost<Item>(items: readonly Item[], scoreOf: (item: Item) => number): Item | undefined {
  let best: Item | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const score = scoreOf(item);
    if (score <= most) continue;
    best = item;
    most = score;
  }
  return best;
}
