/** The built-in parts by the names that the configuration uses. Adding one is adding its file and a line here. */

import { type GivenParameters, readParameters } from '../domain/index.ts';
import { F5_SCORERS } from './f5/scorers.ts';
import { healthFilter } from './filters/health.ts';
import { modelFilter } from './filters/model.ts';
import { notFailedFilter } from './filters/not-failed.ts';
import { roleFilter } from './filters/role.ts';
import { windowFilter } from './filters/window.ts';
import { bestPicker } from './pickers/best.ts';
import { powerOfTwoPicker } from './pickers/power-of-two.ts';
import { randomPicker } from './pickers/random.ts';
import { roundRobinPicker } from './pickers/round-robin.ts';
import { weightedRandomPicker } from './pickers/weighted-random.ts';
import {
  type Filter,
  type PartDefinition,
  type Picker,
  plainPart,
  type RoutingInputs,
  type Scorer,
} from './plugins.ts';
import { loadScorer } from './scorers/load.ts';

export const FILTERS = byName<Filter>([
  plainPart(healthFilter, 'Keeps instances that are ready.'),
  plainPart(modelFilter, 'Keeps instances that serve the model and have the adapter.'),
  plainPart(notFailedFilter, 'Keeps instances that have not failed this request before.'),
  plainPart(roleFilter, 'Keeps instances that do a whole request.'),
  plainPart(windowFilter, 'Keeps instances whose window has room.'),
]);

export const SCORERS = byName<Scorer>([
  plainPart(loadScorer, 'Fewer requests per unit of weight are better.'),
  ...F5_SCORERS,
]);

export const PICKERS = byName<Picker>([
  plainPart(bestPicker, 'The highest total; chance decides among equals.'),
  plainPart(powerOfTwoPicker, 'The better of two drawn at random.'),
  plainPart(randomPicker, 'Any, each with the same chance.'),
  plainPart(roundRobinPicker, 'The one that was served longest ago.'),
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
