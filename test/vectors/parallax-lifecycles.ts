/** Runs the recorded lives of fleets: joins, leaves, reports and requests, step by step, up to where ours goes another way, and why. */

import { type LifecycleRecord, replay } from './parallax-runners/lifecycle.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';

const UNREACHABLE =
  'fault 17: a joined node gets layers that no chain can pass; ours stays a spare or gets others';
const RETURNED =
  'fault 11: a node that joins under a known name loses its layers, or is taken for the old one';
const BAD_LAYERS = 'fault 12: layers beyond the model are applied before they are refused';
const ORDER =
  'nodes of one kind in other places: our planner and joins do not depend on the order of a turn (faults 1, 2)';

/** Where ours departs, by what the life is about and, where it matters, by router. */
const DEPARTURES: readonly (readonly [RegExp, string])[] = [
  [/rejoin-(same-id|before-bootstrap)$/, RETURNED],
  [/manual-bad$/, BAD_LAYERS],
  [/rr-manual$/, 'fault 7: manual layers never serve with round robin'],
  [
    /rr-six-halves-lose-three$/,
    'fault 9: what is left of pipelines forms no new ones before the next join, and then overlapping ones',
  ],
  [/rr-dynamic-joins$/, 'a pipeline that loses a node ends; ours goes on with a spare (section 8)'],
  [/rr-min-nodes$/, 'fault 5: an emptied fleet does not wait for its least number of nodes again'],
  [/initial-nodes$/, 'fault 18: the first nodes get no layers by themselves'],
  [/(rebalance-skewed|leave-and-return|dp-updates|dp-six-halves-lose-three|dp-min-nodes)$/, ORDER],
  [
    /dp-(grow|heartbeat|manual|manual-mixed|not-enough|rebalance-threshold|rebalance-uneven|zero-capacity-joins|trim|dynamic-joins|late-links|ends-mismatch)$/,
    UNREACHABLE,
  ],
];

export const PARALLAX_LIFECYCLES: VectorSuite = {
  file: 'parallax.jsonl',
  handles: (kind) => kind === 'lifecycle',
  run,
};

export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    const record = JSON.parse(line) as LifecycleRecord;
    const { id } = record;
    const departure = replay(record);
    const known = DEPARTURES.find(([pattern]) => pattern.test(id))?.[1];
    if (departure === undefined) passed++;
    else if (known === undefined) failed.push({ id, why: `step ${departure.step}: ${departure.what}` });
    else skipped.push({ id, reason: `${known}; the ${departure.step} steps before agree` });
  }
  return { passed, failed, skipped };
}
