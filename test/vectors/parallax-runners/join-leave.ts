/** Nodes that come and go after a plan. */

import { join } from './planning.ts';
import {
  type Check,
  Comparison,
  nodeOf,
  type RecordedNode,
  type RecordedRanges,
  registryOf,
} from './record.ts';
import { compareState, type RecordedState, type TableFigures } from './state.ts';

type Step = {
  readonly state: RecordedState;
  readonly error?: { readonly message: string };
} & (
  | { readonly op: 'dynamic_join'; readonly node: RecordedNode }
  | { readonly op: 'deallocate' | 'remove'; readonly node_id: string }
);

export const checkJoinLeave: Check = (record) => {
  const found = new Comparison();
  const steps = record.expect.join_leave as readonly Step[] | undefined;
  const plan = record.expect.dp_dynamic as { readonly ranges: RecordedRanges } | undefined;
  if (steps === undefined || plan === undefined) return found;
  const registry = registryOf(record, plan.ranges);
  for (const [index, step] of steps.entries()) {
    const place = `join_leave[${index}]`;
    const before: TableFigures = {
      kvBytes: [...registry.table.kvBytes],
      hostCounts: [...registry.table.hostCounts],
    };
    if (step.op === 'dynamic_join') {
      const node = nodeOf(step.node);
      registry.add(node);
      found.same(`${place}.error`, join(registry, node.id) ?? null, step.error?.message ?? null);
    } else if (step.op === 'deallocate') {
      registry.deallocate(step.node_id);
    } else {
      registry.remove(step.node_id);
    }
    // Fault 5: who leaves stays in the recorded table, which is therefore the one from before.
    compareState(found, place, registry, step.state, step.op === 'remove' ? before : registry.table);
  }
  return found;
};
