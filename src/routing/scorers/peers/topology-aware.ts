/** sageLLM's topology-aware rule: the least loaded among the NVLink peers, or else on the machine, of the preferred instance. */

import type { ExecutionInstance, InstanceView } from '../../../domain/index.ts';
import { definePart, type Scorer } from '../../plugins.ts';
import { isNvlinkPeer, isSameMachine } from '../../topology/affinity.ts';
import { referenceInstance } from '../../topology/reference.ts';

/**
 * 1 for the group, 0 for the others, 1 for all without a reference or a machine. The group is the reference with its NVLink peers
 * on its machine, or where none is there, all of its machine; one that lists but itself is a group of its own. In sageLLM the
 * reference is not in its group unless it lists itself, so that it moves away each time; here it always is.
 */
export const topologyAware = definePart({
  name: 'topology_aware',
  describe: "sageLLM's rule: the NVLink peers, or else the machine, of the preferred or last instance.",
  uses: ['sessions'],
  parameters: {},
  create: (): Scorer => ({
    name: 'topology_aware',
    score(request, views, scores, measures, { inputs }) {
      const reference = referenceInstance(request, views, inputs);
      const isThere = reference !== undefined && views.some(({ instance }) => instance.id === reference.id);
      if (!isThere || (reference.labels.machine ?? '') === '') {
        scores.fill(1, 0, views.length);
        measures.fill(-1, 0, views.length);
        return;
      }
      const hasPeers = views.some(({ instance }) => isPeer(reference, instance));
      for (let i = 0; i < views.length; i++) {
        scores[i] = isInGroup(reference, views[i]!, hasPeers) ? 1 : 0;
        measures[i] = scores[i]!;
      }
    },
    describe: (measure) =>
      measure < 0
        ? 'there is nothing to be near to'
        : measure > 0
          ? 'is near to the preferred instance'
          : 'is not near to the preferred instance',
  }),
});

function isInGroup(reference: ExecutionInstance, { instance }: InstanceView, hasPeers: boolean): boolean {
  if (instance.id === reference.id) return true;
  return hasPeers ? isPeer(reference, instance) : isSameMachine(reference, instance);
}

function isPeer(reference: ExecutionInstance, other: ExecutionInstance): boolean {
  return isSameMachine(reference, other) && isNvlinkPeer(reference, other);
}
