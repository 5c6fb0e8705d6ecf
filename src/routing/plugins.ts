/** The three kinds of parts that a routing profile is made of: filters, scorers and pickers. */

import type {
  ExecutionInstance,
  LatencyPredictor,
  ParameterSpecs,
  ParametersOf,
  Random,
  RequestMetadata,
} from '../domain/index.ts';
import type { InstanceView } from './instance-view.ts';

/** Who holds how much of a prompt's prefix. */
export interface PrefixLookup {
  /** Prompt tokens of `request` that the instance holds, computed or on their way. */
  cachedTokens(request: RequestMetadata, instanceId: string): number;
  /** The same for all `views` in one walk over the prompt: writes `tokens[i]` for `views[i]`. */
  cachedTokensOfAll(request: RequestMetadata, views: readonly InstanceView[], tokens: Float64Array): void;
  /** Tokens of all prompts' prefixes that each instance holds: writes `tokens[i]` for `views[i]`. */
  heldTokensOfAll(views: readonly InstanceView[], tokens: Float64Array): void;
}

/** Where a conversation was answered last. */
export interface SessionLookup {
  /** The instance that got the latest request of the same session, or of the same user where a request names no session. */
  lastInstance(request: RequestMetadata): ExecutionInstance | undefined;
}

/** What some parts need besides views; a part that needs one says so, and a profile without it is refused when it is made. */
export interface RoutingInputs {
  readonly prefixes?: PrefixLookup;
  readonly predictor?: LatencyPredictor;
  readonly sessions?: SessionLookup;
}

export type RoutingInputName = keyof RoutingInputs;

/** What a part may know besides the request and the instances. */
export interface RoutingContext {
  readonly nowMs: number;
  readonly random: Random;
  readonly inputs: RoutingInputs;
  /** Whose window is known to be full, where somebody keeps count: what there is to know without a look at each instance. */
  readonly windows?: WindowFlags;
}

export interface WindowFlags {
  /** The views that the flags are about, in their order. */
  readonly views: readonly InstanceView[];
  /** 1 for each that has as many requests in flight as it may have. */
  readonly isFull: Uint8Array;
}

/** A kind of part, as the registry knows it: its parameters, what it needs, and how one is made. */
export interface PartDefinition<Part, Specs extends ParameterSpecs = ParameterSpecs> {
  readonly name: string;
  /** In one sentence, for the documentation. */
  readonly describe: string;
  readonly parameters: Specs;
  readonly needs?: readonly RoutingInputName[];
  /** What it makes use of when it is there. */
  readonly uses?: readonly RoutingInputName[];
  /** One of its own for each profile, so that it may keep state. */
  create(parameters: ParametersOf<Specs>): Part;
}

/** A definition with the types of its own parameters. */
export function definePart<Part, const Specs extends ParameterSpecs>(
  definition: PartDefinition<Part, Specs>,
): PartDefinition<Part> {
  return definition as unknown as PartDefinition<Part>;
}

/** The definition of a part without parameters or state. */
export function plainPart<Part extends { readonly name: string }>(
  part: Part,
  describe: string,
): PartDefinition<Part> {
  return { name: part.name, describe, parameters: {}, create: () => part };
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
