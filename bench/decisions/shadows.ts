/** What a decision costs while another profile, another policy or both decide in its shadow. */

import { DEFAULT_PRESET } from '../../src/routing/index.ts';
import { type DecisionTimes, LoadedScheduler, type ShadowNames } from './loaded-scheduler.ts';

const SHADOWS: readonly ShadowNames[] = [
  {},
  { preset: 'round-robin' },
  { preset: DEFAULT_PRESET },
  { policy: 'fifo' },
  { policy: 'signalbox', preset: DEFAULT_PRESET },
];
const ROUNDS = 5;
const SAMPLES = 1_000;

export interface ShadowRow extends DecisionTimes {
  readonly shadowPolicy: string;
  readonly shadowPreset: string;
  readonly instances: number;
  readonly waiting: number;
  /** A request's mean beside that without shadow: what a shadow costs is partly put off until after the decision. */
  readonly cycleRatio: number;
}

/** In turns, so that what else the machine does falls on all of them; of each the round of the least mean. */
export function measureShadows(instances: number, waiting: number): ShadowRow[] {
  const loaded = new LoadedScheduler(instances, waiting);
  loaded.use('signalbox', DEFAULT_PRESET);
  const best = new Map<ShadowNames, DecisionTimes>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const shadow of SHADOWS) {
      loaded.useShadow(shadow);
      const found = loaded.measure(SAMPLES, SAMPLES / 4);
      if (found.cycleMicros < (best.get(shadow)?.cycleMicros ?? Number.POSITIVE_INFINITY))
        best.set(shadow, found);
    }
  }
  const without = best.get(SHADOWS[0]!)!;
  return Array.from(best, ([{ policy = '', preset = '' }, found]) => ({
    ...{ shadowPolicy: policy, shadowPreset: preset, instances, waiting, ...found },
    cycleRatio: Number((found.cycleMicros / without.cycleMicros).toFixed(2)),
  }));
}
