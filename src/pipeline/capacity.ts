/** How many layers a node can hold, with and without the ends of the model. */

import { type LayerRange, layersOf } from './layer-range.ts';
import type { ModelInfo } from './model-info.ts';
import { embeddingBytes, layerStorageBytes, storageBytesPerLayer, weightFactor } from './model-sizes.ts';
import type { PipelineNode } from './node.ts';

/** Which ends of the model a node holds besides its layers. */
export interface ModelEnds {
  readonly embedding: boolean;
  readonly lmHead: boolean;
}

export const NO_ENDS: ModelEnds = { embedding: false, lmHead: false };
export const EMBEDDING_ONLY: ModelEnds = { embedding: true, lmHead: false };
export const LM_HEAD_ONLY: ModelEnds = { embedding: false, lmHead: true };
export const BOTH_ENDS: ModelEnds = { embedding: true, lmHead: true };

/** Memory for weights, in bytes. */
export function paramMemoryBytes({ hardware, paramMemoryShare }: PipelineNode): number {
  return Math.floor(hardware.gpuCount * hardware.memoryGb * 1024 * 1024 * 1024 * paramMemoryShare);
}

/** Bytes of the ends: a tied table is kept once by a node that holds both. */
export function endBytes(model: ModelInfo, { embedding, lmHead }: ModelEnds): number {
  const tables = Number(embedding) + Number(lmHead);
  return embeddingBytes(model) * (model.tieEmbedding ? Math.min(1, tables) : tables);
}

/**
 * How many layers fit beside the ends; 0 or less where not even those fit. Of unequal layers, as many as fit wherever they begin.
 */
export function layerCapacity(node: PipelineNode, model: ModelInfo, ends: ModelEnds = NO_ENDS): number {
  const bytes = paramMemoryBytes(node) - endBytes(model, ends);
  const factor = weightFactor(model, node.hardware);
  if (model.layerMemoryBytes === undefined) {
    return Math.floor(bytes / (storageBytesPerLayer(model) * factor));
  }
  return bytes < 0 ? -1 : shortestFit(model.layerMemoryBytes, bytes / factor);
}

/** The most layers from `start` on that fit together with the ends that go with their place; 0 when none. */
export function layersThatFit(node: PipelineNode, model: ModelInfo, start: number): number {
  if (fits(node, model, { start, end: model.numLayers })) return model.numLayers - start;
  const ends = start === 0 ? EMBEDDING_ONLY : NO_ENDS;
  let rest = (paramMemoryBytes(node) - endBytes(model, ends)) / weightFactor(model, node.hardware);
  let end = start;
  for (; end < model.numLayers - 1; end++) {
    rest -= layerStorageBytes(model, end);
    if (rest < 0) break;
  }
  return end - start;
}

/** Bytes of weights that a node holds with these layers. */
export function rangeBytes(node: PipelineNode, model: ModelInfo, range: LayerRange): number {
  const ends = { embedding: range.start === 0, lmHead: range.end === model.numLayers };
  return endBytes(model, ends) + layersBytes(model, range) * weightFactor(model, node.hardware);
}

/** Whether the node's memory for weights holds these layers with their ends. */
export function fits(node: PipelineNode, model: ModelInfo, range: LayerRange): boolean {
  return layersOf(range) > 0 && rangeBytes(node, model, range) <= paramMemoryBytes(node);
}

function layersBytes(model: ModelInfo, range: LayerRange): number {
  if (model.layerMemoryBytes === undefined) return layersOf(range) * storageBytesPerLayer(model);
  return model.layerMemoryBytes.slice(range.start, range.end).reduce((sum, bytes) => sum + bytes, 0);
}

/** The largest n such that every run of n consecutive layers fits: two ends of a window over the layers. */
function shortestFit(layerBytes: readonly number[], budget: number): number {
  let shortest = layerBytes.length;
  let used = 0;
  let start = 0;
  for (const [end, bytes] of layerBytes.entries()) {
    used += bytes;
    if (used > budget) shortest = Math.min(shortest, end - start);
    while (used > budget) {
      used -= layerBytes[start]!;
      start++;
    }
  }
  return shortest;
}
