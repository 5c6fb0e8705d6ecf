/** Passes over instances that have become slow, by what the metrics collector measured of them. */

import type { CustomPolicy, PolicyContext, PolicyInstance } from '../../src/queueing/index.ts';

/** In the configuration: `policy: { file: ./metrics-aware.ts, parameters: { maxLatencyMs: 1000 } }`. */
export function createPolicy({
  maxLatencyMs = 1_000,
}: {
  readonly maxLatencyMs?: number;
} = {}): CustomPolicy {
  let passedOver = 0;

  function latencyMs({ id, avgLatencyMs }: PolicyInstance, { metrics }: PolicyContext): number {
    return metrics?.getInstanceMetrics(id)?.avgLatencyMs ?? avgLatencyMs;
  }

  return {
    name: 'metrics-aware',
    nextRequest([request], instances, context) {
      if (request === undefined) return undefined;
      const candidates = instances.filter(({ id }) => !request.failedInstances.includes(id));
      // One that has nothing to do may show that it has recovered; else it would stay out for ever.
      const healthy = candidates.filter(
        (instance) => instance.currentLoad === 0 || latencyMs(instance, context) < maxLatencyMs,
      );
      passedOver += candidates.length - healthy.length;
      const [first, ...others] = healthy;
      if (first === undefined) return undefined;
      const target = others.reduce((best, one) => (one.load < best.load ? one : best), first);
      return {
        requestId: request.id,
        instanceId: target.id,
        reason: `${Math.round(latencyMs(target, context))} ms lately`,
      };
    },
    getStats: () => ({ passedOver }),
  };
}
