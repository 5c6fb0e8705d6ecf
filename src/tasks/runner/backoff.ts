/** How long to wait before the next try: doubling, up to a most, and spread so that what failed together does not return together. */

import type { Random } from '../../domain/index.ts';

export interface BackoffSettings {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** @param failures tries that failed so far, 1 or more */
export function backoffMs(failures: number, { baseMs, maxMs }: BackoffSettings, random: Random): number {
  const fullMs = Math.min(maxMs, baseMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(fullMs * (0.5 + random.next() / 2));
}
