/** The least that a policy can be: whoever came first goes first. */

import type { CustomPolicy } from '../../src/queueing/index.ts';

let decisions = 0;

export const policy: CustomPolicy = {
  name: 'minimal',
  nextRequest(pending, instances) {
    // Nothing to say while nobody waits or no instance has room: the policy is asked again when that changes.
    if (pending.length === 0 || instances.length === 0) return undefined;
    decisions++;
    return pending[0];
  },
  getStats: () => ({ decisions }),
};
