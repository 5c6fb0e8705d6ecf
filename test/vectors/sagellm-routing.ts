/** Runs the records of sageLLM's router, load balancer, topology, prefill/decode routing and parallel sizes. */

import type { VectorOutcome, VectorSuite } from './runner.ts';
import { checkCapabilities } from './sagellm-runners/capabilities.ts';
import { checkBalancer, checkRouter } from './sagellm-runners/router.ts';
import { checkAffinity, checkParallel, checkPhase } from './sagellm-runners/shapes.ts';
import type { Verdict } from './sagellm-runners/verdict.ts';

type Check = (record: never) => Verdict;

const CHECKS: Readonly<Record<string, Check>> = {
  'router.load_balanced': checkRouter as Check,
  'router.round_robin': checkRouter as Check,
  'router.random': checkRouter as Check,
  'router.affinity': checkRouter as Check,
  'router.locality': checkRouter as Check,
  'router.topology_aware': checkRouter as Check,
  'router.unknown_name': () => ({
    skip: 'fault 5: a name that is not known becomes another; ours is refused',
  }),
  'load_balancer.weighted_round_robin': checkBalancer as Check,
  'load_balancer.least_connections': checkBalancer as Check,
  'load_balancer.least_response_time': checkBalancer as Check,
  'load_balancer.power_of_two': checkBalancer as Check,
  'load_balancer.other': checkBalancer as Check,
  'instance.capabilities': checkCapabilities as Check,
  'topology.affinity': checkAffinity as Check,
  'topology.parse': () => ({ skip: 'fault 14: any number that comes next is taken for the NUMA node' }),
  pd_routing: checkPhase as Check,
  'parallelism.select': checkParallel as Check,
};

export const SAGELLM_ROUTING: VectorSuite = {
  file: 'sagellm.jsonl',
  handles: (kind) => Object.hasOwn(CHECKS, kind),
  run,
};

/** Runs the records of these kinds among `lines`, and passes over the others. */
export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const record = JSON.parse(line) as { readonly id: string; readonly kind: string };
    const verdict = CHECKS[record.kind]?.(record as never);
    if (verdict === undefined) continue;
    if ('skip' in verdict) skipped.push({ id: record.id, reason: verdict.skip });
    else if (verdict.length === 0) passed++;
    else failed.push({ id: record.id, why: verdict.join('; ') });
  }
  return { passed, failed, skipped };
}
