/** The built-in parts by the names that the configuration uses. Adding one is adding its file and a line here. */

import { type GivenParameters, readParameters } from '../domain/index.ts';
import { F5_SCORERS } from './f5/scorers.ts';
import { contextLength } from './filters/context-length.ts';
import { healthFilter } from './filters/health.ts';
import { kvHeadroom } from './filters/kv-headroom.ts';
import { labels } from './filters/labels.ts';
import { modelFilter } from './filters/model.ts';
import { notFailedFilter } from './filters/not-failed.ts';
import { pdRole } from './filters/pd-role.ts';
import { prefixAffinity } from './filters/prefix-affinity.ts';
import { roleFilter } from './filters/role.ts';
import { sloFeasible } from './filters/slo-feasible.ts';
import { windowFilter } from './filters/window.ts';
import { bestPicker } from './pickers/best.ts';
import { powerOfTwoPicker } from './pickers/power-of-two.ts';
import { randomPicker } from './pickers/random.ts';
import { roundRobinPicker } from './pickers/round-robin.ts';
import { softmax } from './pickers/softmax.ts';
import { turns } from './pickers/turns.ts';
import { weightedRandomPicker } from './pickers/weighted-random.ts';
import {
  type Filter,
  type PartDefinition,
  type Picker,
  plainPart,
  type RoutingInputs,
  type Scorer,
} from './plugins.ts';
import { cost } from './scorers/cost.ts';
import { inFlight } from './scorers/in-flight.ts';
import { kvUsage } from './scorers/kv-usage.ts';
import { lastInstance } from './scorers/last-instance.ts';
import { latency } from './scorers/latency.ts';
import { lmetric } from './scorers/lmetric.ts';
import { loadScorer } from './scorers/load.ts';
import { lora } from './scorers/lora.ts';
import { marginalCost } from './scorers/marginal-cost.ts';
import { noHitLru } from './scorers/no-hit-lru.ts';
import { aibrixPrefix } from './scorers/peers/aibrix-prefix.ts';
import { cacheAware } from './scorers/peers/cache-aware.ts';
import { dynamo } from './scorers/peers/dynamo.ts';
import { locality } from './scorers/peers/locality.ts';
import { preble } from './scorers/peers/preble.ts';
import { topologyAware } from './scorers/peers/topology-aware.ts';
import { vllmPrefix } from './scorers/peers/vllm-prefix.ts';
import { prefix } from './scorers/prefix.ts';
import { runningRequests, waitingQueue } from './scorers/reported-requests.ts';
import { roleFitScorer } from './scorers/role-fit.ts';
import { session } from './scorers/session.ts';
import { tokenLoad } from './scorers/token-load.ts';
import { topology } from './scorers/topology.ts';

export const FILTERS = byName<Filter>([
  plainPart(healthFilter, 'Keeps instances that are ready.'),
  plainPart(modelFilter, 'Keeps instances that serve the model and have the adapter.'),
  plainPart(notFailedFilter, 'Keeps instances that have not failed this request before.'),
  plainPart(roleFilter, 'Keeps instances that do a whole request.'),
  plainPart(windowFilter, 'Keeps instances whose window has room.'),
  labels,
  kvHeadroom,
  contextLength,
  sloFeasible,
  prefixAffinity,
  pdRole,
]);

export const SCORERS = byName<Scorer>([
  plainPart(loadScorer, 'Fewer requests per unit of weight are better.'),
  marginalCost,
  inFlight,
  waitingQueue,
  runningRequests,
  kvUsage,
  tokenLoad,
  prefix,
  noHitLru,
  session,
  lastInstance,
  lora,
  topology,
  cost,
  latency,
  roleFitScorer,
  lmetric,
  dynamo,
  cacheAware,
  vllmPrefix,
  aibrixPrefix,
  preble,
  topologyAware,
  locality,
  ...F5_SCORERS,
]);

export const PICKERS = byName<Picker>([
  plainPart(bestPicker, 'The highest total; chance decides among equals.'),
  plainPart(powerOfTwoPicker, 'The better of two drawn at random.'),
  plainPart(randomPicker, 'Any, each with the same chance.'),
  plainPart(roundRobinPicker, 'The one that was served longest ago.'),
  softmax,
  turns,
  plainPart(weightedRandomPicker, 'Each with a chance in proportion to its total.'),
]);

export const FILTER_NAMES: readonly string[] = [...FILTERS.keys()];
export const SCORER_NAMES: readonly string[] = [...SCORERS.keys()];
export const PICKER_NAMES: readonly string[] = [...PICKERS.keys()];

/** A part as a profile names it: by name alone, or with parameters. */
export type PartSettings = string | { readonly name: string; readonly parameters?: GivenParameters };

export const makeFilter = (settings: PartSettings, inputs: RoutingInputs): Filter =>
  make('filter', FILTERS, settings, inputs);
export const makeScorer = (settings: PartSettings, inputs: RoutingInputs): Scorer =>
  make('scorer', SCORERS, settings, inputs);
export const makePicker = (settings: PartSettings, inputs: RoutingInputs): Picker =>
  make('picker', PICKERS, settings, inputs);

function byName<Part>(
  definitions: readonly PartDefinition<Part>[],
): ReadonlyMap<string, PartDefinition<Part>> {
  return new Map(definitions.map((definition) => [definition.name, definition]));
}

function make<Part>(
  what: string,
  definitions: ReadonlyMap<string, PartDefinition<Part>>,
  settings: PartSettings,
  inputs: RoutingInputs,
): Part {
  const { name, parameters = {} } = typeof settings === 'string' ? { name: settings } : settings;
  const definition = definitions.get(name);
  if (definition === undefined) {
    throw new RangeError(`${what}: found "${name}", allowed are ${[...definitions.keys()].join(', ')}`);
  }
  const owner = `${what} "${name}"`;
  const missing = definition.needs?.find((input) => inputs[input] === undefined);
  if (missing !== undefined) throw new RangeError(`${owner} needs ${missing}, which is not there`);
  return definition.create(readParameters(owner, definition.parameters, parameters));
}
