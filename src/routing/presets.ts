/** Ready-made profiles, each a composition of the built-in parts. */

import { F5_MODE_NAMES } from './f5/modes.ts';
import { OUR_PRESETS } from './presets/ours.ts';
import { PEER_PRESETS } from './presets/peers.ts';
import { type Preset, preset } from './presets/preset.ts';
import { SAGELLM_PRESETS } from './presets/sagellm.ts';
import type { ProfileSettings } from './profile.ts';

const F5_PRESETS = F5_MODE_NAMES.map((mode) =>
  preset({
    name: `f5-${mode}`,
    describe: `F5's mode ${mode}: chances in proportion to its scores.`,
    source: "F5's LLM inference scheduler",
    differs: 'Only fresh reports count, and our own windows and filters come before it.',
    scorers: [{ name: mode, weight: 1 }],
    picker: 'weighted-random',
  }),
);

export const PRESETS: ReadonlyMap<string, Preset> = new Map(
  [...OUR_PRESETS, ...PEER_PRESETS, ...SAGELLM_PRESETS, ...F5_PRESETS].map((each) => [each.name, each]),
);

/** What a profile is made of, without the notes. */
const SETTINGS: ReadonlyMap<string, ProfileSettings> = new Map(
  [...PRESETS.values()].map(({ name, filters, scorers, picker }) => [
    name,
    { name, filters, scorers, picker },
  ]),
);

export const PRESET_NAMES: readonly string[] = [...PRESETS.keys()];
export const DEFAULT_PRESET = 'signalbox';

export function findPreset(name: string): ProfileSettings {
  const found = SETTINGS.get(name);
  if (found === undefined) {
    throw new RangeError(`routing: found "${name}", allowed are ${PRESET_NAMES.join(', ')}`);
  }
  return found;
}
