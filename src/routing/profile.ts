/** A routing profile at work: filter, score, pick, and remember just enough to explain it. */

import type { GivenParameters, RequestMetadata } from '../domain/index.ts';
import { captureChoice, type RoutingChoice } from './choice.ts';
import { onlyInstancesFilter } from './filters/only-instances.ts';
import type { InstanceView } from './instance-view.ts';
import type { Filter, Picker, RoutingContext, RoutingInputs, Scorer } from './plugins.ts';
import { makeFilter, makePicker, makeScorer, type PartSettings } from './registry.ts';
import { Sieve } from './sieve.ts';

/** A profile as the configuration writes it. */
export interface ProfileSettings {
  readonly name: string;
  readonly filters: readonly PartSettings[];
  readonly scorers: readonly {
    readonly name: string;
    readonly weight: number;
    readonly parameters?: GivenParameters;
  }[];
  readonly picker: PartSettings;
}

export class RoutingProfile {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly scorers: readonly Scorer[];
  readonly weights: readonly number[];
  readonly picker: Picker;
  readonly inputs: RoutingInputs;
  readonly #filterNames: readonly string[];
  readonly #sieve: Sieve;
  /** Without the filters that time alone will open. */
  readonly #lastingSieve: Sieve;
  readonly #scores: Float64Array[];
  readonly #measures: Float64Array[];
  #totals = new Float64Array(16);

  /**
   * @param inputs what there is besides views; its parts see it through the context of each call
   * @throws RangeError naming the part that does not exist, the parameter or weight that is wrong, or the input that is missing
   */
  constructor(settings: ProfileSettings, inputs: RoutingInputs = {}) {
    this.name = settings.name;
    this.inputs = inputs;
    this.filters = settings.filters.map((part) => makeFilter(part, inputs));
    // Those of the profile, after the one that always holds.
    const applied = [onlyInstancesFilter, ...this.filters];
    this.#sieve = new Sieve(applied);
    this.#lastingSieve = new Sieve(applied.filter(({ isTransient }) => isTransient !== true));
    this.#filterNames = applied.map(({ name }) => name);
    this.scorers = settings.scorers.map((part) => makeScorer(part, inputs));
    this.weights = settings.scorers.map(({ name, weight }) => {
      if (!(Number.isFinite(weight) && weight > 0)) {
        throw new RangeError(`routing: the weight of scorer "${name}" must be above 0, got ${weight}`);
      }
      return weight;
    });
    this.picker = makePicker(settings.picker, inputs);
    this.#scores = this.scorers.map(() => new Float64Array(16));
    this.#measures = this.scorers.map(() => new Float64Array(16));
  }

  /** The instance for `request` among `views`, or `undefined` when every one is filtered out. */
  route(
    request: RequestMetadata,
    views: readonly InstanceView[],
    context: RoutingContext,
  ): RoutingChoice | undefined {
    this.#sieve.apply(request, views, context);
    const { kept, dropped, counts } = this.#sieve;
    if (kept.length === 0) return undefined;
    this.#makeRoomFor(kept.length);
    this.#score(request, kept, context);
    const index = this.picker.pick(kept, this.#totals, context);
    return captureChoice({
      filterNames: this.#filterNames,
      scorers: this.scorers,
      weights: this.weights,
      pickerName: this.picker.name,
      views,
      dropped,
      droppedCounts: counts,
      kept,
      chosen: index,
      totals: this.#totals,
      scores: this.#scores,
      measures: this.#measures,
    });
  }

  /** Whether some instance could take `request` now or as soon as work there ends. */
  couldServe(request: RequestMetadata, views: readonly InstanceView[], context: RoutingContext): boolean {
    this.#lastingSieve.apply(request, views, context);
    return this.#lastingSieve.kept.length > 0;
  }

  #score(request: RequestMetadata, kept: readonly InstanceView[], context: RoutingContext): void {
    const totals = this.#totals;
    totals.fill(0, 0, kept.length);
    for (let s = 0; s < this.scorers.length; s++) {
      const scores = this.#scores[s]!;
      this.scorers[s]!.score(request, kept, scores, this.#measures[s]!, context);
      const weight = this.weights[s]!;
      for (let i = 0; i < kept.length; i++) totals[i]! += weight * scores[i]!;
    }
  }

  #makeRoomFor(count: number): void {
    if (count <= this.#totals.length) return;
    const size = 2 ** Math.ceil(Math.log2(count));
    this.#totals = new Float64Array(size);
    for (let s = 0; s < this.scorers.length; s++) {
      this.#scores[s] = new Float64Array(size);
      this.#measures[s] = new Float64Array(size);
    }
  }
}
