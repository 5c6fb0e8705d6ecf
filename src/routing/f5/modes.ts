/** The sixteen modes of F5's LLM inference scheduler, as a table: what each makes of queue, cache and running requests. */

import { adaptiveDistribution } from './adaptive-distribution.ts';
import {
  minMax,
  type Normaliser,
  nonlinearCache,
  nonlinearWaiting,
  preciseCache,
  preciseRunning,
  ratioOfTwo,
  raw,
  smooth,
} from './normalisers.ts';
import { square } from './statistics.ts';
import {
  absoluteVariation,
  adaptToVariations,
  type FactorRange,
  shiftToWaiting,
  signedVariation,
  type Transition,
} from './weights.ts';

/** What the `s1` family looks at; the `s2` family looks at running requests, too. */
export const F5_METRICS = ['waiting_queue', 'cache_usage', 'running_req'] as const;
export type F5Metric = (typeof F5_METRICS)[number];

/** The mode's weights before each round; the values are those of the members that are scored, per metric. */
export type WeightRule = (
  weights: readonly number[],
  values: readonly (readonly number[])[],
  transition: Transition,
) => readonly number[];

export interface F5Mode {
  /** How each metric is normalised, in the order of `F5_METRICS`; two for the `s1` family, three for `s2`. */
  readonly normalisers: readonly Normaliser[];
  readonly weigh?: WeightRule;
  /** What becomes of 1 minus the normalised value before it is weighed. */
  readonly reward?: (idleness: number) => number;
  /** Whether a score may leave the range from 0 to 1. */
  readonly isUnbounded?: boolean;
}

const waiting = adaptiveDistribution('waiting');
const cache = adaptiveDistribution('cache');
const running = adaptiveDistribution('general');

const bySignedVariation: WeightRule = (weights, values) =>
  adaptToVariations(weights, values.map(signedVariation));

const byAbsoluteVariation: WeightRule = (weights, values) =>
  adaptToVariations(weights, values.map(absoluteVariation));

const byLongestQueue =
  (...factors: readonly FactorRange[]): WeightRule =>
  (weights, values, transition) =>
    shiftToWaiting(weights, factors, values[0]!, transition);

const MODES = {
  s1: { normalisers: [minMax, raw] },
  s1_enhanced: { normalisers: [minMax, preciseCache] },
  s1_adaptive: { normalisers: [minMax, minMax], weigh: bySignedVariation },
  s1_ratio: { normalisers: [raw, ratioOfTwo], isUnbounded: true },
  s1_precise: { normalisers: [raw, raw] },
  s1_nonlinear: { normalisers: [nonlinearWaiting, nonlinearCache] },
  s1_balanced: { normalisers: [smooth, smooth] },
  s1_adaptive_distribution: { normalisers: [waiting, cache] },
  s1_advanced: { normalisers: [waiting, cache], weigh: byAbsoluteVariation },
  s1_dynamic_waiting: { normalisers: [waiting, cache], weigh: byLongestQueue([0.2, 2.5], [1.8, 0.3]) },
  s2: { normalisers: [minMax, raw, minMax] },
  s2_enhanced: { normalisers: [minMax, preciseCache, preciseRunning] },
  s2_nonlinear: { normalisers: [minMax, minMax, minMax], reward: square },
  s2_adaptive: { normalisers: [minMax, minMax, minMax], weigh: bySignedVariation },
  s2_advanced: { normalisers: [waiting, cache, running], weigh: byAbsoluteVariation },
  s2_dynamic_waiting: {
    normalisers: [waiting, cache, running],
    weigh: byLongestQueue([0.1, 2.5], [1.5, 0.4], [1.4, 0.6]),
  },
} as const satisfies Record<string, F5Mode>;

export type F5ModeName = keyof typeof MODES;

export const F5_MODE_NAMES = Object.keys(MODES) as readonly F5ModeName[];

export function isF5ModeName(name: string): name is F5ModeName {
  return Object.hasOwn(MODES, name);
}

export function f5Mode(name: F5ModeName): F5Mode {
  return MODES[name];
}
