/** Whether layers are so unevenly provided for that a new plan is worth a thought. */

import type { NodeRegistry } from './node-registry.ts';

/** Population deviation over mean of the KV bytes of each layer; 0 when there are none. */
export function coefficientOfVariation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2 || mean === 0) return 0;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) / mean;
}

/** True without a chain over all layers, or when the layers' KV caches vary by more than `threshold`. */
export function needsReplan(registry: NodeRegistry, threshold = Number.POSITIVE_INFINITY): boolean {
  return registry.fullPathCount() === 0 || coefficientOfVariation(registry.table.kvBytes) > threshold;
}
