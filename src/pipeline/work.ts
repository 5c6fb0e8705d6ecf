/** What a layer does for a batch: floating-point operations, and bytes that it reads. */

import type { ModelInfo } from './model-info.ts';
import {
  attentionBytes,
  ffnBytes,
  ffnInnerDim,
  keyDim,
  kvBytesPerTokenPerLayer,
  latentAttentionElements,
  layerStorageBytes,
  queryDim,
  storageBytesPerLayer,
  valueDim,
} from './model-sizes.ts';

/** One step of a batch. */
export interface BatchWork {
  readonly batchSize: number;
  /** Tokens of each request that this step computes: 1 when it generates. */
  readonly targetLength: number;
  /** Tokens of each request that are in the cache. */
  readonly sourceLength: number;
}

/** Experts that at least one token chooses, when tokens choose evenly; a mean, and so not a whole number. */
export function expectedExperts(model: ModelInfo, tokens: number): number {
  const { numLocalExperts: experts, numExpertsPerToken: perToken } = model;
  if (experts === undefined || perToken === undefined) return 1;
  return experts * (1 - (1 - perToken / experts) ** tokens);
}

/** Of one layer: the projections, the attention over what is cached, and the blocks that each token passes. */
export function layerFlops(model: ModelInfo, work: BatchWork, layer?: number): number {
  const { batchSize, targetLength, sourceLength } = work;
  const tokens = batchSize * targetLength;
  const { hiddenDim, ffnNumProjections, numSharedExperts } = model;
  const blocks = (model.numExpertsPerToken ?? 1) + numSharedExperts;
  const projections = 2 * tokens * projectionElements(model);
  const attention = 4 * tokens * queryDim(model) * sourceLength;
  const ffn = 2 * ffnNumProjections * tokens * hiddenDim * ffnInnerDim(model) * blocks;
  return (projections + attention + ffn) * computeCost(model, layer);
}

/** Of the table that turns hidden states into words. */
export function lmHeadFlops(model: ModelInfo, { batchSize, targetLength }: BatchWork): number {
  return 2 * batchSize * targetLength * model.hiddenDim * model.vocabSize;
}

/** Bytes that one layer reads for the batch: the weights that it needs, and the cache. */
export function layerReadBytes(model: ModelInfo, work: BatchWork, layer?: number): number {
  const blocks = expectedExperts(model, work.batchSize * work.targetLength) + model.numSharedExperts;
  const weights = ffnBytes(model) * blocks + attentionBytes(model);
  return weights * sizeFactor(model, layer) + kvReadBytes(model, work);
}

/** Bytes of the cache that one layer reads for the batch. */
export function kvReadBytes(model: ModelInfo, { batchSize, sourceLength }: BatchWork): number {
  return kvBytesPerTokenPerLayer(model) * batchSize * sourceLength;
}

function projectionElements(model: ModelInfo): number {
  if (model.kvLoraRank !== undefined) return latentAttentionElements(model, model.kvLoraRank);
  return 2 * model.hiddenDim * queryDim(model) + model.hiddenDim * (keyDim(model) + valueDim(model));
}

function computeCost({ layerComputeCost }: ModelInfo, layer: number | undefined): number {
  return layer === undefined ? 1 : (layerComputeCost?.[layer] ?? 1);
}

function sizeFactor(model: ModelInfo, layer: number | undefined): number {
  if (layer === undefined || model.layerMemoryBytes === undefined) return 1;
  return layerStorageBytes(model, layer) / storageBytesPerLayer(model);
}
