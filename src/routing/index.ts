/** **Where**: filters, scorers, pickers and the profiles made of them. */

export type { RoutingChoice } from './choice.ts';
export { MAX_EXPLAINED } from './choice.ts';
export { estimatedRequests, foreignRequests, type InstanceView, reportFreshness } from './instance-view.ts';
export {
  definePart,
  type Filter,
  type PartDefinition,
  type Picker,
  type PrefixLookup,
  plainPart,
  type RoutingContext,
  type RoutingInputName,
  type RoutingInputs,
  type Scorer,
} from './plugins.ts';
export { DEFAULT_PRESET, findPreset, PRESET_NAMES, STANDARD_FILTERS } from './presets.ts';
export { type ProfileSettings, RoutingProfile } from './profile.ts';
export {
  FILTER_NAMES,
  FILTERS,
  type PartSettings,
  PICKER_NAMES,
  PICKERS,
  SCORER_NAMES,
  SCORERS,
} from './registry.ts';
