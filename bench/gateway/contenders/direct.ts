/** No contender at all: what the upstream and the load generator do by themselves. */

import type { ContenderPlan } from '../contender.ts';

export const DIRECT: ContenderPlan = {
  name: 'direct',
  missing: () => undefined,
  version: () => '',
  async start({ upstreamUrls }) {
    return { name: 'direct', url: upstreamUrls[0]!, headers: {}, pids: () => [], async stop() {} };
  },
};
