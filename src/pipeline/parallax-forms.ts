/**
 * Parallax' own formulas where ours differ, for fleets that are to be planned or compared by its figures
 * (GradientHQ/parallax, `src/scheduling`). What each departs from is said beside it; `stage-time.ts` and `request-limit.ts` hold ours.
 */

import { hasEmbedding, hasLmHead, layersOf } from './layer-range.ts';
import type { ModelInfo } from './model-info.ts';
import {
  attentionBytes,
  embeddingBytes,
  ffnBytes,
  keyDim,
  keyHeadSize,
  roundHalfEven,
  valueDim,
  valueHeadSize,
  weightFactor,
} from './model-sizes.ts';
import type { PipelineNode } from './node.ts';
import { quantizationSpeedup } from './stage-time.ts';
import { type BatchWork, kvReadBytes } from './work.ts';

/** Cut to a whole number, so that 4 of 60 experts for one token are 3: 60 · (4/60) is a little less than 4. */
export function parallaxExperts(model: ModelInfo, work: BatchWork): number | undefined {
  const { numLocalExperts: experts, numExpertsPerToken: perToken } = model;
  if (experts === undefined || perToken === undefined) return undefined;
  return Math.trunc(experts * (1 - (1 - perToken / experts) ** (work.batchSize * work.targetLength)));
}

/** Counts the batch twice for experts, takes a dense layer's inner size for them, and queries as wide as the hidden state. */
export function parallaxLayerFlops(model: ModelInfo, work: BatchWork): number {
  const { batchSize, targetLength: t, sourceLength } = work;
  const { hiddenDim: h, intermediateDim, ffnNumProjections } = model;
  const projections = 4 * t * h * h + 2 * t * h * (keyDim(model) + valueDim(model));
  const ffn = 2 * ffnNumProjections * t * h * intermediateDim * (parallaxExperts(model, work) ?? 1);
  return batchSize * (projections + 4 * h * t * sourceLength + ffn);
}

export function parallaxLayerReadBytes(model: ModelInfo, work: BatchWork): number {
  const ffn = ffnBytes(model) * (parallaxExperts(model, work) ?? 1);
  return roundHalfEven(ffn + kvReadBytes(model, work) + attentionBytes(model));
}

/** Of one token a request, for a batch of any size. */
export function parallaxLmHeadFlops({ hiddenDim, vocabSize }: ModelInfo, targetLength: number): number {
  return 2 * targetLength * hiddenDim * vocabSize;
}

export interface ParallaxRoofline extends BatchWork {
  readonly layers: number;
  readonly embedding: boolean;
  readonly lmHead: boolean;
  readonly speedup: number;
}

/** The mean of a layer, not the stage's time; one GPU of the node; the embedding's whole table is read. */
export function parallaxRooflineMs(node: PipelineNode, model: ModelInfo, at: ParallaxRoofline): number {
  const { layers, embedding, lmHead, speedup } = at;
  if (layers <= 0) return Number.POSITIVE_INFINITY;
  const { tflopsFp16, memoryBandwidthGBps } = node.hardware;
  const computeMs = (flops: number) => flops / (speedup * tflopsFp16 * 1e9);
  const readMs = (bytes: number) => bytes / (memoryBandwidthGBps * 1e6);
  const layerBytes = parallaxLayerReadBytes(model, at) * weightFactor(model, node.hardware);
  const layerMs = Math.max(computeMs(parallaxLayerFlops(model, at)), readMs(layerBytes));
  const headFlops = lmHead ? parallaxLmHeadFlops(model, at.targetLength) : 0;
  const tables = Number(embedding) * embeddingBytes(model) + Number(lmHead) * embeddingBytes(model);
  return (layers * layerMs + Math.max(computeMs(headFlops), readMs(tables))) / layers;
}

/** The same of the layers that a node holds, at its load: an idle node has a batch of 0. */
export function parallaxNodeRooflineMs(node: PipelineNode, model: ModelInfo): number {
  const { range } = node;
  if (range === undefined) return Number.POSITIVE_INFINITY;
  return parallaxRooflineMs(node, model, {
    batchSize: node.currentRequests,
    targetLength: 1,
    sourceLength: node.maxSequenceLength,
    layers: layersOf(range),
    embedding: hasEmbedding(range),
    lmHead: hasLmHead(range, model.numLayers),
    speedup: quantizationSpeedup(model.paramBytesPerElement),
  });
}

/** The larger of what is configured and what one GPU's KV cache holds at 2 bytes an element: the cache never limits. */
export function parallaxRequestLimit(node: PipelineNode, model: ModelInfo): number {
  const { maxConcurrentRequests: requested, maxSequenceLength, hardware } = node;
  if (node.isManual || node.range === undefined) return requested ?? UNLIMITED_BY_KV;
  const bytes = Math.trunc(hardware.memoryGb * 2 ** 30 * node.kvCacheMemoryShare);
  const perToken = layersOf(node.range) * model.numKvHeads * (keyHeadSize(model) + valueHeadSize(model)) * 2;
  const tokens = Math.floor(bytes / perToken);
  if (requested === undefined && (maxSequenceLength === 0 || tokens === 0)) return UNLIMITED_BY_KV;
  const held = Math.max(1, Math.floor(tokens / maxSequenceLength));
  return Math.max(requested ?? 0, Math.min(requested ?? Number.POSITIVE_INFINITY, held));
}

const UNLIMITED_BY_KV = 16;

/** Of one layer on average, at the node's load; Infinity when it is full. */
export function parallaxLayerLatencyMs(node: PipelineNode, model: ModelInfo): number {
  const limit = parallaxRequestLimit(node, model);
  if (node.currentRequests >= limit) return Number.POSITIVE_INFINITY;
  if (node.measuredLayerLatencyMs === undefined) return parallaxNodeRooflineMs(node, model);
  return node.measuredLayerLatencyMs + node.loadCompensatorMs * (node.currentRequests / limit);
}
