/** One round of scoring: the members' metrics in, a score each out. */

import { F5_METRICS, type F5Metric, type F5ModeName, f5Mode } from './modes.ts';
import { clampToUnit } from './statistics.ts';

export interface F5ModeSettings {
  readonly name: F5ModeName;
  /** Weight of the waiting queue. */
  readonly waitingWeight: number;
  /** Weight of the KV cache's usage. */
  readonly cacheWeight: number;
  /** Weight of the running requests; only the `s2` family has it. */
  readonly runningWeight: number;
  /** For the `dynamic_waiting` modes: the queue length at which the weights have moved well over to the queue. */
  readonly transitionPoint: number;
  readonly steepness: number;
}

export const DEFAULT_F5_MODE: F5ModeSettings = {
  name: 's1',
  waitingWeight: 0.5,
  cacheWeight: 0.5,
  runningWeight: 0,
  transitionPoint: 30,
  steepness: 1,
};

/** What a member's engine said; a metric that it did not give is absent. */
export type F5Metrics = Readonly<Partial<Record<F5Metric, number>>>;

/** The metrics without which a mode cannot score a member. */
export function neededMetrics(mode: F5ModeName): readonly F5Metric[] {
  return F5_METRICS.slice(0, f5Mode(mode).normalisers.length);
}

/**
 * A score per member, the higher the better; `undefined` for one that lacks a metric the mode needs. The others are
 * compared with each other only.
 * @throws RangeError when the settings cannot be computed with
 */
export function scoreMembers(
  settings: F5ModeSettings,
  members: readonly F5Metrics[],
): readonly (number | undefined)[] {
  const mode = f5Mode(settings.name);
  const needed = neededMetrics(settings.name);
  const isScored = members.map((metrics) => needed.every((name) => metrics[name] !== undefined));
  const scored = members.filter((_, i) => isScored[i]);
  if (scored.length === 0) return members.map(() => undefined);
  const values = needed.map((name) => scored.map((metrics) => metrics[name]!));
  const allWeights = [settings.waitingWeight, settings.cacheWeight, settings.runningWeight];
  const given = allWeights.slice(0, needed.length);
  const transition = { point: settings.transitionPoint, steepness: settings.steepness };
  const weights = mode.weigh === undefined ? given : mode.weigh(given, values, transition);
  const normalised = mode.normalisers.map((normalise, metric) => normalise(values[metric]!));
  let next = 0;
  return isScored.map((is) => {
    if (!is) return undefined;
    const member = next++;
    let score = 0;
    for (let metric = 0; metric < weights.length; metric++) {
      const idleness = 1 - normalised[metric]![member]!;
      score += weights[metric]! * (mode.reward === undefined ? idleness : mode.reward(idleness));
    }
    return mode.isUnbounded ? score : clampToUnit(score);
  });
}
