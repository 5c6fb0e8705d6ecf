/** How much of its capacity a group of instances is asked for: 1 is full (the roofline of work and memory). */

import type { InstanceView } from '../../domain/index.ts';

/** A KV cache fuller than this makes an engine preempt. */
const FULL_KV_USAGE = 0.9;

/**
 * The mean over the instances in rotation of the worse of two: prompt work in relation to `maxPrefillTokens`, and KV cache in
 * relation to what can be used of it. 0 where no instance is in rotation: nothing is there, which is not the same as overload.
 */
export function saturationOf(instances: readonly InstanceView[], maxPrefillTokens: number): number {
  let sum = 0;
  let count = 0;
  for (const { state, work, report } of instances) {
    if (state !== 'ready') continue;
    sum += Math.max(work.uncachedTokens / maxPrefillTokens, (report?.kvCacheUsage ?? 0) / FULL_KV_USAGE);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
