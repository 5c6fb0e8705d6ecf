/** First in, first out; a retried request keeps its place, because its arrival does not change. */

import { leastLoaded, planInOrder, sortedBy } from './guide/plan.ts';
import { type KeyedPolicy, keyedPolicy } from './keyed-policy.ts';
import type { GuideFunctions } from './policy.ts';

const guide: GuideFunctions = {
  prioritize: (requests) => sortedBy(requests, ({ arrivalMs }) => arrivalMs),
  schedule: (requests, instances, context) =>
    planInOrder(guide.prioritize(requests, context), instances, {
      choose: (_request, candidates) => leastLoaded(candidates),
      describe: () => ({ reason: 'first come, to the least loaded' }),
    }),
};

export const fifoPolicy = (): KeyedPolicy & GuideFunctions => ({
  ...keyedPolicy('fifo', (request) => request.arrivalMs),
  ...guide,
});
