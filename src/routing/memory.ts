/** What routing remembers of the past, in one piece: listeners for the scheduler, and the same as inputs for profiles. */

import type { LatencyPredictor, LifecycleListener } from '../domain/index.ts';
import type { RoutingInputs } from './plugins.ts';
import { PrefixIndex, type PrefixIndexSettings } from './prefix/index.ts';
import { SessionMemory } from './sessions/session-memory.ts';

export interface RoutingMemorySettings {
  readonly prefixIndex?: Partial<PrefixIndexSettings>;
  readonly maxSessions?: number;
  /** Without one, parts that need it are refused, and `mc` does with the product of LMetric. */
  readonly predictor?: LatencyPredictor;
}

export interface RoutingMemory {
  /** For `new RoutingProfile(settings, inputs)`; the same for every profile of a scheduler. */
  readonly inputs: RoutingInputs;
  /** For the scheduler; without them the inputs never learn. */
  readonly listeners: readonly LifecycleListener[];
}

export function createRoutingMemory(settings: RoutingMemorySettings = {}): RoutingMemory {
  const prefixes = new PrefixIndex(settings.prefixIndex);
  const sessions = new SessionMemory(settings.maxSessions);
  const { predictor } = settings;
  return {
    inputs: { prefixes, sessions, ...(predictor !== undefined && { predictor }) },
    listeners: [...(predictor === undefined ? [] : [predictor]), prefixes, sessions],
  };
}
