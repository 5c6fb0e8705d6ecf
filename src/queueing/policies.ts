/** The built-in policies by the names that the configuration uses. */

import { fifoPolicy } from './fifo.ts';
import type { SchedulingPolicy } from './policy.ts';
import { type PriorityPolicyParameters, priorityPolicy } from './priority.ts';

/** What the configuration says of the policy; parameters that a policy does not know are not its own to judge. */
export interface PolicySettings extends PriorityPolicyParameters {
  readonly name: string;
}

const POLICIES: Readonly<Record<string, (settings: PolicySettings) => SchedulingPolicy>> = {
  fifo: fifoPolicy,
  priority: priorityPolicy,
};

export const POLICY_NAMES: readonly string[] = Object.keys(POLICIES);

export function createPolicy(settings: PolicySettings): SchedulingPolicy {
  const create = Object.hasOwn(POLICIES, settings.name) ? POLICIES[settings.name] : undefined;
  if (create === undefined) {
    throw new RangeError(`policy: found "${settings.name}", allowed are ${POLICY_NAMES.join(', ')}`);
  }
  return create(settings);
}
