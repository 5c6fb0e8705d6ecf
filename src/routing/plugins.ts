/** The three kinds of parts that a routing profile is made of: filters, scorers and pickers. */

import type { Random, RequestMetadata } from '../domain/index.ts';
import type { InstanceView } from './instance-view.ts';

/** What a part may know besides the request and the instances. */
export interface RoutingContext {
  readonly nowMs: number;
  readonly random: Random;
}

/** Drops instances that cannot serve the request. */
export interface Filter {
  readonly name: string;
  /** Whether an instance that it drops now will pass by itself once work there has ended. */
  readonly isTransient?: boolean;
  /**
   * Writes `mark` to `dropped[i]` where it drops `views[i]`, unless another filter did so before (`dropped[i]` is not 0). A
   * filter gets all instances at once because one call per instance would cost more than what most filters do.
   */
  apply(
    request: RequestMetadata,
    views: readonly InstanceView[],
    dropped: Uint8Array,
    mark: number,
    context: RoutingContext,
  ): void;
}

/** Gives every remaining instance a number in [0, 1], the higher the better. */
export interface Scorer {
  readonly name: string;
  /**
   * Writes the score of `views[i]` to `scores[i]`, and to `measures[i]` the quantity that it rests on, for `describe`.
   * Both arrays have at least `views.length` places.
   */
  score(
    request: RequestMetadata,
    views: readonly InstanceView[],
    scores: Float64Array,
    measures: Float64Array,
    context: RoutingContext,
  ): void;
  /** A measure in words: the reason of its score. */
  describe(measure: number): string;
}

/** Chooses one of the instances that are left. */
export interface Picker {
  readonly name: string;
  /** Returns an index into `views`, which is not empty; `totals[i]` is the weighted sum of `views[i]`. */
  pick(views: readonly InstanceView[], totals: Float64Array, context: RoutingContext): number;
}
