/** Ready-made profiles, each a composition of the built-in parts. */

import { F5_MODE_NAMES } from './f5/modes.ts';
import type { ProfileSettings } from './profile.ts';

/**
 * What every preset drops: instances that are full, not ready, cannot do a whole request, or failed it before. The window
 * comes first because under load it drops most.
 */
export const STANDARD_FILTERS: readonly string[] = ['window', 'health', 'role', 'not-failed'];

const preset = (
  name: string,
  picker: string,
  scorers: ProfileSettings['scorers'] = [],
): readonly [string, ProfileSettings] => [name, { name, filters: STANDARD_FILTERS, scorers, picker }];

const BY_LOAD = [{ name: 'load', weight: 1 }];

export const PRESETS: ReadonlyMap<string, ProfileSettings> = new Map([
  preset('least-loaded', 'best', BY_LOAD),
  preset('power-of-two', 'power-of-two', BY_LOAD),
  preset('random', 'random'),
  preset('round-robin', 'round-robin'),
  // F5's LLM inference scheduler; here with fresh reports only, and with our own windows and filters before it.
  ...F5_MODE_NAMES.map((mode) => preset(`f5-${mode}`, 'weighted-random', [{ name: mode, weight: 1 }])),
]);

export const PRESET_NAMES: readonly string[] = [...PRESETS.keys()];
export const DEFAULT_PRESET = 'least-loaded';

export function findPreset(name: string): ProfileSettings {
  const found = PRESETS.get(name);
  if (found === undefined) {
    throw new RangeError(`routing: found "${name}", allowed are ${PRESET_NAMES.join(', ')}`);
  }
  return found;
}
