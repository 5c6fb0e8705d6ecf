/** Execution times learnt from tasks that ended: by model and shape, and how much slower or faster each instance is. */

import type { TaskPrediction } from '../task.ts';
import { RecentMean } from './recent-mean.ts';
import { shapeOf } from './task-shape.ts';
import type { TaskQuestion, TaskTimes } from './task-times.ts';

/**
 * What a task counts as while nothing is known at all: that it takes a second, give or take a second, is most likely wrong, and
 * yet spreads tasks evenly, where no time at all would leave the first instance looking idle for ever.
 */
const PRIOR: TaskPrediction = { expectedMs: 1_000, errorMs: 1_000 };
/** A narrower group is believed half as soon as it has so many tasks. */
const HALF_BELIEVED = 3;
/** No instance is taken for slower or faster than this. */
const MAX_INSTANCE_FACTOR = 10;
/** Groups kept; the one that was used longest ago goes. */
const MAX_GROUPS = 10_000;

interface Estimate {
  readonly mean: number;
  readonly variance: number;
}

/**
 * From everything to the model to tasks of the model and shape, each narrower mean pulls the estimate to itself by
 * n / (n + 3); the spread includes how far the two lay apart. An instance has a factor besides, the mean of
 * log(took / mean of its model and shape) pulled towards 0 likewise, so that one long task does not condemn it. Groups learn
 * what a task would have taken on a usual instance, so that they stay when all tasks go to the fast ones.
 */
export class LearntTimes implements TaskTimes {
  readonly #prior: TaskPrediction;
  readonly #groups = new Map<string, RecentMean>();

  constructor(prior: TaskPrediction = PRIOR) {
    this.#prior = prior;
  }

  of(question: TaskQuestion): TaskPrediction {
    const { mean, variance } = this.#estimate(question);
    const factor = this.#factor(question);
    return { expectedMs: mean * factor, errorMs: Math.sqrt(variance) * factor };
  }

  /** @param tookMs from its start on the instance to its end */
  learn(question: TaskQuestion, tookMs: number): void {
    if (!(tookMs > 0 && Number.isFinite(tookMs))) return;
    const usualMs = tookMs / this.#factor(question);
    const groups = groupKeys(question).map((key) => this.#group(key));
    for (const group of groups) group.add(usualMs);
    this.#group(instanceKey(question)).add(Math.log(tookMs / groups.at(-1)!.mean));
  }

  #estimate(question: TaskQuestion): Estimate {
    const { expectedMs, errorMs } = this.#prior;
    let estimate: Estimate = { mean: expectedMs, variance: errorMs * errorMs };
    for (const key of groupKeys(question)) {
      const group = this.#groups.get(key);
      if (group !== undefined) estimate = pulled(estimate, group);
    }
    return estimate;
  }

  #factor(question: TaskQuestion): number {
    const bias = this.#groups.get(instanceKey(question));
    if (bias === undefined) return 1;
    const factor = Math.exp((bias.mean * bias.count) / (bias.count + HALF_BELIEVED));
    return Math.min(MAX_INSTANCE_FACTOR, Math.max(1 / MAX_INSTANCE_FACTOR, factor));
  }

  /** Put last, since it is in use. */
  #group(key: string): RecentMean {
    const group = this.#groups.get(key) ?? new RecentMean();
    this.#groups.delete(key);
    this.#groups.set(key, group);
    if (this.#groups.size > MAX_GROUPS) this.#groups.delete(this.#groups.keys().next().value!);
    return group;
  }
}

function pulled({ mean, variance }: Estimate, group: RecentMean): Estimate {
  const weight = group.count / (group.count + HALF_BELIEVED);
  const apart = group.mean - mean;
  return {
    mean: mean + weight * apart,
    variance: (1 - weight) * variance + weight * group.variance + weight * (1 - weight) * apart * apart,
  };
}

/** From wide to narrow. */
function groupKeys({ model, input }: TaskQuestion): readonly string[] {
  return ['all', JSON.stringify([model]), JSON.stringify([model, shapeOf(input)])];
}

function instanceKey({ model, instance }: TaskQuestion): string {
  return JSON.stringify([model, 'on', instance]);
}
