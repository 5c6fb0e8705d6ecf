/** Parts of a routing profile at work on a few views, in tests. */

import { type RequestMetadata, readParameters, seededRandom } from '../src/domain/index.ts';
import {
  FILTERS,
  type InstanceView,
  type PrefixLookup,
  type RoutingContext,
  type RoutingInputs,
  SCORERS,
} from '../src/routing/index.ts';

export function aContext(inputs: RoutingInputs = {}, nowMs = 0, seed = 1): RoutingContext {
  return { nowMs, random: seededRandom(seed), inputs };
}

/** A prefix index that holds so many tokens of any prompt, by the instances' ids, and as many in all as said. */
export function prefixesOf(
  held: Readonly<Record<string, number>>,
  inAll: Readonly<Record<string, number>> = held,
): PrefixLookup {
  const write = (from: typeof held, views: readonly InstanceView[], tokens: Float64Array): void => {
    for (const [i, { instance }] of views.entries()) tokens[i] = from[instance.id] ?? 0;
  };
  return {
    cachedTokens: (_request, id) => held[id] ?? 0,
    cachedTokensOfAll: (_request, views, tokens) => write(held, views, tokens),
    heldTokensOfAll: (views, tokens) => write(inAll, views, tokens),
  };
}

export interface Scored {
  readonly scores: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, string>>;
}

/** What the scorer `name` says of each view, by id. */
export function scoredBy(
  name: string,
  request: RequestMetadata,
  views: readonly InstanceView[],
  { inputs = {}, nowMs = 0, parameters = {} }: ScoringOptions = {},
): Scored {
  const definition = SCORERS.get(name)!;
  const scorer = definition.create(readParameters(name, definition.parameters, parameters) as never);
  const scores = new Float64Array(views.length);
  const measures = new Float64Array(views.length);
  scorer.score(request, views, scores, measures, aContext(inputs, nowMs));
  const byId = <T>(value: (i: number) => T): Record<string, T> =>
    Object.fromEntries(views.map(({ instance }, i) => [instance.id, value(i)]));
  return { scores: byId((i) => scores[i]!), reasons: byId((i) => scorer.describe(measures[i]!)) };
}

export interface ScoringOptions {
  readonly inputs?: RoutingInputs;
  readonly nowMs?: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** Ids of the views that the filter `name` keeps. */
export function keptBy(
  name: string,
  request: RequestMetadata,
  views: readonly InstanceView[],
  { inputs = {}, nowMs = 0, parameters = {} }: ScoringOptions = {},
): string[] {
  const definition = FILTERS.get(name)!;
  const filter = definition.create(readParameters(name, definition.parameters, parameters) as never);
  const dropped = new Uint8Array(views.length);
  filter.apply(request, views, dropped, 1, aContext(inputs, nowMs));
  return views.filter((_, i) => dropped[i] === 0).map(({ instance }) => instance.id);
}
