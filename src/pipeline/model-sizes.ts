/** Bytes of a model's parts: layers, embedding, LM head, and the KV cache of a token. */

import type { ModelInfo } from './model-info.ts';
import type { NodeHardware } from './node.ts';

/** A key's size of one head. */
export function keyHeadSize({ headSize, qkNopeHeadDim, qkRopeHeadDim }: ModelInfo): number {
  if (qkNopeHeadDim === undefined || qkRopeHeadDim === undefined) return headSize;
  return qkNopeHeadDim + qkRopeHeadDim;
}

/** A value's size of one head. */
export function valueHeadSize({ headSize, vHeadDim }: ModelInfo): number {
  return vHeadDim ?? headSize;
}

export const queryDim = (model: ModelInfo): number => model.numAttentionHeads * model.headSize;
export const keyDim = (model: ModelInfo): number => model.numKvHeads * keyHeadSize(model);
export const valueDim = (model: ModelInfo): number => model.numKvHeads * valueHeadSize(model);

/** Bytes of the input embedding's table, and of the LM head's. */
export function embeddingBytes({ embeddingBytesPerElement, vocabSize, hiddenDim }: ModelInfo): number {
  return embeddingBytesPerElement * vocabSize * hiddenDim;
}

/** Elements that one token leaves in one layer's cache: keys and values, or with latent attention their common source. */
export function kvElementsPerToken(model: ModelInfo): number {
  if (model.kvLoraRank !== undefined) return model.kvLoraRank + (model.qkRopeHeadDim ?? 0);
  return keyDim(model) + valueDim(model);
}

export function kvBytesPerTokenPerLayer(model: ModelInfo): number {
  return model.cacheBytesPerElement * kvElementsPerToken(model);
}

/** The inner size of an expert, or of a dense layer's block. */
export function ffnInnerDim({ moeIntermediateDim, intermediateDim }: ModelInfo): number {
  return moeIntermediateDim ?? intermediateDim;
}

/** Bytes of one feed-forward block: a dense layer's, or one expert's. */
export function ffnBytes(model: ModelInfo): number {
  return model.paramBytesPerElement * model.ffnNumProjections * model.hiddenDim * ffnInnerDim(model);
}

export function attentionBytes(model: ModelInfo): number {
  const { paramBytesPerElement: bytes, hiddenDim } = model;
  if (model.kvLoraRank !== undefined) return bytes * latentAttentionElements(model, model.kvLoraRank);
  return bytes * hiddenDim * queryDim(model) * 2 + bytes * hiddenDim * (keyDim(model) + valueDim(model));
}

/** DeepSeek-V2 (arXiv 2405.04434), section 2.1: queries and key-values go through low-rank projections. */
export function latentAttentionElements(model: ModelInfo, kvLoraRank: number): number {
  const { hiddenDim, numAttentionHeads: heads, qLoraRank, qkRopeHeadDim: rope = 0 } = model;
  const queries = heads * keyHeadSize(model);
  const toQueries = qLoraRank === undefined ? hiddenDim * queries : (hiddenDim + queries) * qLoraRank;
  const toLatent = hiddenDim * (kvLoraRank + rope);
  const fromLatent = kvLoraRank * heads * (keyHeadSize(model) - rope + valueHeadSize(model));
  return toQueries + toLatent + fromLatent + heads * valueHeadSize(model) * hiddenDim;
}

/** Bytes of the weights of one layer as the model's fields describe it. */
export function storageBytesPerLayer(model: ModelInfo): number {
  const blocks = (model.numLocalExperts ?? 1) + model.numSharedExperts;
  return roundHalfEven(ffnBytes(model) * blocks + attentionBytes(model));
}

/** Bytes of the weights of layer `layer`, where layers may be unequal. */
export function layerStorageBytes(model: ModelInfo, layer: number): number {
  return model.layerMemoryBytes?.[layer] ?? storageBytesPerLayer(model);
}

/** How much larger the weights for MLX nodes are. */
export function mlxBitFactor({ mlxParamBytesPerElement, paramBytesPerElement }: ModelInfo): number {
  return mlxParamBytesPerElement / paramBytesPerElement;
}

/** By what a node's weights differ in size from the model's ordinary ones. */
export function weightFactor(model: ModelInfo, { device }: NodeHardware): number {
  return device === 'mlx' ? mlxBitFactor(model) : 1;
}

/** Bytes of all weights: layers, embedding, and the LM head where it is a table of its own. */
export function modelBytes(model: ModelInfo): number {
  const ends = embeddingBytes(model) * (model.tieEmbedding ? 1 : 2);
  if (model.layerMemoryBytes === undefined) return ends + model.numLayers * storageBytesPerLayer(model);
  return ends + model.layerMemoryBytes.reduce((sum, bytes) => sum + bytes, 0);
}

/** To the nearest whole number, halves to the even one, as Python's `round` does. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
