/**
 * How far what was seen is from what a profile foretold, as factors. For profiles that do not learn; those that do have
 * taken in already what was seen.
 */

import { type LatencyProfile, meanContextTokens } from './capacity.ts';
import type { Load } from './load.ts';

export interface Corrections {
  /** Seen time to first token as a multiple of the foretold one. */
  readonly prefill: number;
  /** The same of the time per token. */
  readonly decode: number;
}

export const NO_CORRECTIONS: Corrections = { prefill: 1, decode: 1 };

export interface SeenInterval {
  readonly load: Load;
  readonly intervalMs: number;
  readonly decodeReplicas: number;
  /** Means; absent where nothing was seen. */
  readonly ttftMs?: number;
  readonly tpotMs?: number;
  /** How long a request took; 1 s where that is not known. */
  readonly durationMs?: number;
}

const UNKNOWN_DURATION_MS = 1000;

/** What was not seen, or cannot be compared because nobody generated, keeps the factor it had. */
export function correctionsFrom(
  seen: SeenInterval,
  profile: LatencyProfile,
  before: Corrections = NO_CORRECTIONS,
): Corrections {
  const { load, ttftMs, tpotMs, decodeReplicas } = seen;
  const isComparable = tpotMs !== undefined && decodeReplicas > 0;
  return {
    prefill: ttftMs === undefined ? before.prefill : ttftMs / profile.ttftMs(load.promptTokens),
    decode: isComparable
      ? tpotMs / profile.tpotMs(concurrencyOf(seen), meanContextTokens(load))
      : before.decode,
  };
}

/** Little's law, for one of the replicas that generate. */
function concurrencyOf({ load, intervalMs, decodeReplicas, durationMs }: SeenInterval): number {
  return ((load.requests / decodeReplicas) * (durationMs || UNKNOWN_DURATION_MS)) / intervalMs;
}

/** Whether an interval says enough to decide by it. */
export function isMeasured({ load, ttftMs, tpotMs }: SeenInterval): boolean {
  const { requests, promptTokens, outputTokens } = load;
  return requests > 0 && promptTokens > 0 && outputTokens > 0 && ttftMs !== undefined && tpotMs !== undefined;
}
