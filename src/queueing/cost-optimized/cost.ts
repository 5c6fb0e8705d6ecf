/** What a request costs on an instance: the price of its GPUs times the time it takes. */

import type { RequestMetadata } from '../../domain/index.ts';
import type { PolicyInstance } from '../custom/policy-instance.ts';

/** Output tokens assumed of a request that names no bound, and seconds where no speed is known: the guide's. */
export const ASSUMED_TOKENS = 100;
export const ASSUMED_SECONDS = 1;
const SECONDS_PER_HOUR = 3_600;

export function outputTokens({ maxTokens }: RequestMetadata): number {
  return maxTokens === undefined || maxTokens === 0 ? ASSUMED_TOKENS : maxTokens;
}

export function costUsd(usdPerHour: number, seconds: number): number {
  return (usdPerHour / SECONDS_PER_HOUR) * seconds;
}

export function usdPerHour(
  instance: Pick<PolicyInstance, 'usdPerHour' | 'gpuCount'>,
  pricePerGpuHour: number,
): number {
  return instance.usdPerHour ?? pricePerGpuHour * instance.gpuCount;
}

/** By the guide: tokens asked for over the instance's speed. */
export function guideCostUsd(
  request: RequestMetadata,
  instance: PolicyInstance,
  pricePerGpuHour: number,
): number {
  const speed = instance.throughputTokensPerSecond;
  const seconds = speed > 0 ? outputTokens(request) / speed : ASSUMED_SECONDS;
  return costUsd(usdPerHour(instance, pricePerGpuHour), seconds);
}
