/** **Which layers** of a model go to which machine. */

export { allocateGroups, type GroupPlanner, planOf, whyNone } from './allocate-groups.ts';
export type {
  AllocationConstraints,
  AllocationError,
  AllocationFailure,
  AllocationOutcome,
  AllocationSuccess,
  LayerAllocator,
} from './allocator.ts';
export { coefficientOfVariation, needsReplan } from './balance.ts';
export {
  BOTH_ENDS,
  EMBEDDING_ONLY,
  endBytes,
  fits,
  LM_HEAD_ONLY,
  layerCapacity,
  layersThatFit,
  type ModelEnds,
  NO_ENDS,
  paramMemoryBytes,
  rangeBytes,
} from './capacity.ts';
export { type ConstrainedFleet, constrainFleet, unusedPin } from './constraints.ts';
export {
  type DynamicProgrammingAllocatorOptions,
  DynamicProgrammingLayerAllocator,
} from './dynamic-allocator.ts';
export { type DynamicPlan, dynamicGroups, type TooManyStates } from './dynamic-plan.ts';
export { DEFAULT_FILL, FILLS, type FillName } from './fills.ts';
export { countFullPaths } from './full-paths.ts';
export { type GreedyAllocatorOptions, GreedyLayerAllocator } from './greedy-allocator.ts';
export { greedyFill } from './greedy-fill.ts';
export { type GreedyPlanOptions, greedyGroups } from './greedy-plan.ts';
export { type HardwareOptions, hardwareOf, KNOWN_HARDWARE, type KnownHardware } from './hardware.ts';
export { type HuggingFaceConfig, type HuggingFaceOptions, modelInfoFromHuggingFace } from './hugging-face.ts';
export { lightestRange } from './join.ts';
export { hasEmbedding, hasLmHead, type LayerRange, layersOf } from './layer-range.ts';
export { LayerTable } from './layer-table.ts';
export { rttMs } from './links.ts';
export * from './live/index.ts';
export { createModelInfo, type ModelInfo, type ModelInfoInit } from './model-info.ts';
export {
  embeddingBytes,
  keyDim,
  keyHeadSize,
  kvBytesPerTokenPerLayer,
  layerStorageBytes,
  mlxBitFactor,
  modelBytes,
  queryDim,
  storageBytesPerLayer,
  valueDim,
  valueHeadSize,
} from './model-sizes.ts';
export { createNode, type NodeHardware, type PipelineNode, type PipelineNodeInit, withNode } from './node.ts';
export { type NodeGroup, usefulNodesInOrder } from './node-line.ts';
export { type NodeChanges, NodeRegistry, type PlacedNode } from './node-registry.ts';
export * from './optimal/index.ts';
export {
  type ParallaxRoofline,
  parallaxExperts,
  parallaxLayerFlops,
  parallaxLayerLatencyMs,
  parallaxLayerReadBytes,
  parallaxLmHeadFlops,
  parallaxNodeRooflineMs,
  parallaxRequestLimit,
  parallaxRooflineMs,
} from './parallax-forms.ts';
export {
  type Pipeline,
  type PipelinePlan,
  type PipelineStage,
  pipelinesSquaredPerStage,
  stageCount,
  stageRange,
} from './plan.ts';
export { kvBytesPerHeldLayer, kvCapacityTokens, kvMemoryBytes, requestLimit } from './request-limit.ts';
export * from './routing/index.ts';
export {
  currentWork,
  layerLatencyMs,
  quantizationSpeedup,
  rooflineStageMs,
  stageLatencyMs,
} from './stage-time.ts';
export {
  findTurningPoints,
  type PathCosts,
  quickestPath,
  type TurningPoint,
  trimAtTurningPoints,
} from './turning-points.ts';
export {
  byCapacity,
  type FillOptions,
  type FillOutcome,
  type FillPower,
  stagesOf,
  waterFill,
} from './water-filling.ts';
export {
  type BatchWork,
  expectedExperts,
  kvReadBytes,
  layerFlops,
  layerReadBytes,
  lmHeadFlops,
} from './work.ts';
