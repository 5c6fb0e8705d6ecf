/** The built-in parts by the names that the configuration uses. Adding one is adding its file and a word here. */

import { healthFilter } from './filters/health.ts';
import { modelFilter } from './filters/model.ts';
import { notFailedFilter } from './filters/not-failed.ts';
import { roleFilter } from './filters/role.ts';
import { windowFilter } from './filters/window.ts';
import { bestPicker } from './pickers/best.ts';
import { powerOfTwoPicker } from './pickers/power-of-two.ts';
import { randomPicker } from './pickers/random.ts';
import { roundRobinPicker } from './pickers/round-robin.ts';
import type { Filter, Picker, Scorer } from './plugins.ts';
import { loadScorer } from './scorers/load.ts';

const FILTERS = byName<Filter>([healthFilter, modelFilter, notFailedFilter, roleFilter, windowFilter]);
const SCORERS = byName<Scorer>([loadScorer]);
const PICKERS = byName<Picker>([bestPicker, powerOfTwoPicker, randomPicker, roundRobinPicker]);

export const FILTER_NAMES: readonly string[] = [...FILTERS.keys()];
export const SCORER_NAMES: readonly string[] = [...SCORERS.keys()];
export const PICKER_NAMES: readonly string[] = [...PICKERS.keys()];

export const findFilter = (name: string): Filter => find('filter', FILTERS, name);
export const findScorer = (name: string): Scorer => find('scorer', SCORERS, name);
export const findPicker = (name: string): Picker => find('picker', PICKERS, name);

function byName<Part extends { readonly name: string }>(parts: readonly Part[]): ReadonlyMap<string, Part> {
  return new Map(parts.map((part) => [part.name, part]));
}

function find<Part>(what: string, parts: ReadonlyMap<string, Part>, name: string): Part {
  const part = parts.get(name);
  if (part === undefined) {
    throw new RangeError(`${what}: found "${name}", allowed are ${[...parts.keys()].join(', ')}`);
  }
  return part;
}
