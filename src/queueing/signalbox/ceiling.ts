/** Keeps room for higher classes: the fuller the instances, the fewer classes may take what room is left. */

import { type InstanceView, REQUEST_PRIORITIES } from '../../domain/index.ts';

/** A KV cache fuller than this makes an engine preempt. */
const FULL_KV_USAGE = 0.9;

/**
 * Whether a class may take room now: saturation < 1 − slope · rank · saturation / (classes − 1), the soft reflective ceiling of
 * llm-d's flow control where the slope is 1. The highest class always may. So may everybody while some instance has nothing to
 * do: then no end is to come there that would let them try again.
 */
export function isBelowCeiling(rank: number, slope: number, instances: readonly InstanceView[]): boolean {
  if (rank === 0 || slope === 0) return true;
  const saturation = ownSaturation(instances);
  if (saturation === undefined) return true;
  return saturation < 1 - (slope * rank * saturation) / (REQUEST_PRIORITIES.length - 1);
}

/**
 * The mean over the instances in rotation of the worse of two: requests in relation to the window, and prompts in relation to
 * the KV cache. By our own requests alone, because every change of theirs is an event after which those who were kept back try
 * again; a report is none. `undefined` while one of them is idle.
 */
function ownSaturation(instances: readonly InstanceView[]): number | undefined {
  let sum = 0;
  let count = 0;
  for (const { state, inFlightRequests, windowRequests, work, report } of instances) {
    if (state !== 'ready') continue;
    if (inFlightRequests === 0) return undefined;
    const kvTokens = FULL_KV_USAGE * (report?.kvCacheTokens ?? Number.POSITIVE_INFINITY);
    sum += Math.min(1, Math.max(inFlightRequests / windowRequests, work.kvTokens / kvTokens));
    count++;
  }
  return count === 0 ? undefined : sum / count;
}
