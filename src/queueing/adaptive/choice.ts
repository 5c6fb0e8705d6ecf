/** Which way of going about fits what is there: the guide's rules, and the same with hysteresis. */

import type { AdaptiveParameters } from './parameters.ts';

export const ADAPTIVE_WAYS = ['priority', 'slo-aware', 'cost-optimized'] as const;
export type AdaptiveWay = (typeof ADAPTIVE_WAYS)[number];

export interface SystemFacts {
  readonly waiting: number;
  /** Of them `CRITICAL` and `HIGH`. */
  readonly highPriority: number;
  /** Of them with a deadline or an SLO. */
  readonly withSlo: number;
  /** Mean load of the instances, 0 to 1; 0 where there are none. */
  readonly load: number;
}

export interface AdaptiveChoice {
  readonly way: AdaptiveWay;
  readonly reason: string;
}

type Thresholds = Pick<AdaptiveParameters, 'highLoad' | 'lowLoad' | 'highPriorityShare'>;

/** The guide's. */
export function choose(facts: SystemFacts, thresholds: Thresholds): AdaptiveChoice {
  if (facts.highPriority > thresholds.highPriorityShare * facts.waiting) {
    return { way: 'priority', reason: 'requests of high priority wait' };
  }
  if (facts.withSlo > 0 && facts.load > thresholds.highLoad) {
    return { way: 'slo-aware', reason: 'requests with an SLO wait under high load' };
  }
  if (facts.load < thresholds.lowLoad) return { way: 'cost-optimized', reason: 'low load' };
  return { way: 'slo-aware', reason: 'neither high priority nor low load' };
}

/** As `choose`, but load must fall back, or rise again, by `margin` before it undoes the choice that it caused. */
export function chooseSteadily(
  facts: SystemFacts,
  parameters: AdaptiveParameters,
  current: AdaptiveWay,
): AdaptiveChoice {
  const { highLoad, lowLoad, highPriorityShare, margin } = parameters;
  const thresholds = {
    highPriorityShare,
    highLoad: current === 'slo-aware' ? highLoad - margin : highLoad,
    lowLoad: current === 'cost-optimized' ? lowLoad + margin : lowLoad,
  };
  return choose(facts, thresholds);
}
