/** Keeps requests on one machine while it has room, and there near the instance that was used last. */

import type { CustomPolicy, PolicyInstance } from '../../src/queueing/index.ts';

/** In the configuration: `policy: { file: ./topology-aware.ts, parameters: { machine: left } }`. */
export function createPolicy({ machine = 'left' }: { readonly machine?: string } = {}): CustomPolicy {
  let lastInstanceId = '';

  /** 2 for the preferred machine, 1 more for a direct NVLink to the instance used last. */
  function nearness(instance: PolicyInstance): number {
    const isLocal = instance.machine === machine;
    const isLinked = instance.nvlinkPeers.includes(lastInstanceId);
    return (isLocal ? 2 : 0) + (isLinked ? 1 : 0);
  }

  return {
    name: 'topology-aware',
    nextRequest([request], instances) {
      if (request === undefined) return undefined;
      const candidates = instances.filter(({ id }) => !request.failedInstances.includes(id));
      const best = candidates.reduce<PolicyInstance | undefined>(
        (nearest, one) => (nearest === undefined || nearness(one) > nearness(nearest) ? one : nearest),
        undefined,
      );
      if (best === undefined) return undefined;
      return { requestId: request.id, instanceId: best.id, reason: `nearness ${nearness(best)} of 3` };
    },
    // Only what really went there counts: a decision may still be overruled by routing.
    onRequestDispatched(_request, instance) {
      lastInstanceId = instance.id;
    },
  };
}
