/** The names that a configuration may use for what other rooms hold. */

import { ENGINE_PROFILES, type EngineProfile } from '../enginemodel/index.ts';
import { POLICY_NAMES } from '../queueing/index.ts';
import {
  FILTER_NAMES,
  findPreset,
  PICKER_NAMES,
  PRESET_NAMES,
  type ProfileSettings,
  SCORER_NAMES,
} from '../routing/index.ts';

export interface KnownNames {
  readonly policies: readonly string[];
  readonly filters: readonly string[];
  readonly scorers: readonly string[];
  readonly pickers: readonly string[];
  readonly presets: ReadonlyMap<string, ProfileSettings>;
  /** What `simulate` may be. */
  readonly simulations: readonly Pick<EngineProfile, 'name' | 'model' | 'gpuType' | 'gpuCount'>[];
}

export const BUILT_IN_NAMES: KnownNames = {
  policies: POLICY_NAMES,
  filters: FILTER_NAMES,
  scorers: SCORER_NAMES,
  pickers: PICKER_NAMES,
  presets: new Map(PRESET_NAMES.map((name) => [name, findPreset(name)])),
  simulations: ENGINE_PROFILES,
};
