/** **Which layers** of a model go to which machine. */

export type {
  AllocationConstraints,
  AllocationError,
  AllocationFailure,
  AllocationOutcome,
  AllocationSuccess,
  LayerAllocator,
} from './allocator.ts';
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
export { hasEmbedding, hasLmHead, type LayerRange, layersOf } from './layer-range.ts';
export { rttMs } from './links.ts';
export * from './live/index.ts';
export { createModelInfo, type ModelInfo, type ModelInfoInit } from './model-info.ts';
export {
  embeddingBytes,
  kvBytesPerTokenPerLayer,
  layerStorageBytes,
  mlxBitFactor,
  modelBytes,
  storageBytesPerLayer,
} from './model-sizes.ts';
export { createNode, type NodeHardware, type PipelineNode, type PipelineNodeInit, withNode } from './node.ts';
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
  type BatchWork,
  expectedExperts,
  kvReadBytes,
  layerFlops,
  layerReadBytes,
  lmHeadFlops,
} from './work.ts';
