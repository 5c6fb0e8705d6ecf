/** Instances grouped by price, so that each decision needs only one look at each instance. */

import type { ExecutionInstance, InstanceView } from '../../domain/index.ts';

/**
 * The places in a list of instances, grouped by price, the lowest first. Kept for as long as the same list is asked about:
 * the fleet makes another when an instance comes, goes or has new facts.
 */
export function priceTiers(
  priceOf: (instance: ExecutionInstance) => number,
): (instances: readonly InstanceView[]) => readonly (readonly number[])[] {
  const known = new WeakMap<readonly InstanceView[], readonly (readonly number[])[]>();
  return function tiersOf(instances) {
    let tiers = known.get(instances);
    if (tiers === undefined) {
      tiers = groupByPrice(instances, priceOf);
      known.set(instances, tiers);
    }
    return tiers;
  };
}

function groupByPrice(
  instances: readonly InstanceView[],
  priceOf: (instance: ExecutionInstance) => number,
): number[][] {
  const byPrice = new Map<number, number[]>();
  for (const [index, { instance }] of instances.entries()) {
    const price = priceOf(instance);
    const tier = byPrice.get(price);
    if (tier === undefined) byPrice.set(price, [index]);
    else tier.push(index);
  }
  return [...byPrice].sort(([a], [b]) => a - b).map(([, tier]) => tier);
}
