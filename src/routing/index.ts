/** **Where**: filters, scorers, pickers and the profiles made of them. */

export type { RoutingChoice } from './choice.ts';
export { MAX_EXPLAINED } from './choice.ts';
export {
  chancesOf,
  chooseWeighted,
  DEFAULT_F5_MODE,
  F5_METRICS,
  F5_MODE_NAMES,
  type F5Metric,
  type F5Metrics,
  type F5ModeName,
  type F5ModeSettings,
  isF5ModeName,
  neededMetrics,
  scoreMembers,
} from './f5/index.ts';
export { estimatedRequests, foreignRequests, type InstanceView, reportFreshness } from './instance-view.ts';
export { createRoutingMemory, type RoutingMemory, type RoutingMemorySettings } from './memory.ts';
export {
  type ModelShape,
  PARALLEL_STRATEGIES,
  type ParallelEstimate,
  type ParallelRecommendation,
  type ParallelStrategy,
  recommendParallelism,
} from './parallelism/recommend.ts';
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
  type SessionLookup,
  type WindowFlags,
} from './plugins.ts';
export {
  type ByteSpan,
  DEFAULT_PREFIX_INDEX_SETTINGS,
  PREFIX_BLOCK_BYTES,
  type PrefixBlockOptions,
  PrefixIndex,
  type PrefixIndexSettings,
  type PromptPrefix,
  prefixBlocksOfBytes,
  prefixBlocksOfIds,
  prefixBlocksOfSpans,
  promptPrefixOf,
} from './prefix/index.ts';
export { type Preset, STANDARD_FILTERS } from './presets/preset.ts';
export { DEFAULT_PRESET, findPreset, PRESET_NAMES, PRESETS } from './presets.ts';
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
export {
  classifyPhase,
  DEFAULT_PHASE_SETTINGS,
  type PhaseSettings,
  type RequestPhase,
} from './roles/classify.ts';
export { type RoleFit, type RunningPhases, roleFit, roleServes } from './roles/role-fit.ts';
export { SessionMemory } from './sessions/session-memory.ts';
export { isNvlinkPeer, isSameMachine, TOPOLOGY_AFFINITY, topologyAffinity } from './topology/affinity.ts';
export { type GpuTopology, parseNvidiaTopology, topologyLabels } from './topology/nvidia-topology.ts';
export { PREFERRED_INSTANCE_TAG } from './topology/reference.ts';
