/** The guides' functions for a policy that keeps state: they are tried out on a queue of their own. */

import { createInstance, type RequestMetadata } from '../../domain/index.ts';
import type { GuideFunctions, SchedulingPolicy } from '../policy.ts';
import { leastLoaded, planInOrder } from './plan.ts';

const NOWHERE = createInstance({ id: '', url: '' });

/** @param create makes a policy as it is at the start, whose state nobody else sees */
export function inTurn(create: () => SchedulingPolicy): GuideFunctions {
  const guide: GuideFunctions = {
    prioritize(requests, { nowMs }) {
      const policy = create();
      const order = policy.createOrder();
      requests.forEach((request, joinOrder) => {
        order.add({ request, tokens: request.promptTokens, enqueuedMs: nowMs, joinOrder });
      });
      const sorted: RequestMetadata[] = [];
      while (order.size > 0) {
        const next = order.next({ nowMs, instances: [] });
        if (next === undefined) break;
        order.remove(next.waiting);
        policy.onRequestDispatched?.(next.waiting.request, NOWHERE, nowMs);
        sorted.push(next.waiting.request);
      }
      return sorted;
    },
    schedule: (requests, instances, context) =>
      planInOrder(guide.prioritize(requests, context), instances, {
        choose: (_request, candidates) => leastLoaded(candidates),
        describe: () => ({ reason: 'in the order of its class, tenant and slack, to the least loaded' }),
      }),
  };
  return guide;
}
