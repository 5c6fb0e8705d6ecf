/** **Where**: filters, scorers, pickers and the profiles made of them. */

export type { RoutingChoice } from './choice.ts';
export { MAX_EXPLAINED } from './choice.ts';
export { estimatedRequests, foreignRequests, type InstanceView, reportFreshness } from './instance-view.ts';
export type { Filter, Picker, RoutingContext, Scorer } from './plugins.ts';
export { DEFAULT_PRESET, findPreset, PRESET_NAMES, STANDARD_FILTERS } from './presets.ts';
export { type ProfileSettings, RoutingProfile } from './profile.ts';
export { FILTER_NAMES, PICKER_NAMES, SCORER_NAMES } from './registry.ts';
