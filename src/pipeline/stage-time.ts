/** How long a node takes for its layers: the roofline, and what was measured. */

import { endBytes } from './capacity.ts';
import { hasEmbedding, hasLmHead, type LayerRange, layersOf } from './layer-range.ts';
import type { ModelInfo } from './model-info.ts';
import { weightFactor } from './model-sizes.ts';
import type { NodeHardware, PipelineNode } from './node.ts';
import { requestLimit } from './request-limit.ts';
import { type BatchWork, kvReadBytes, layerFlops, layerReadBytes, lmHeadFlops } from './work.ts';

/** How much faster arithmetic on smaller weights is; below 16 bits, unpacking them takes a fifth. */
export function quantizationSpeedup(paramBytesPerElement: number): number {
  const gain = paramBytesPerElement <= 0 ? 1 : 2 / paramBytesPerElement;
  return Math.max(0.1, gain * (paramBytesPerElement < 2 ? 0.8 : 1));
}

/** One generated token for each request that the node has, or for one when it is idle. */
export function currentWork({ currentRequests, maxSequenceLength }: PipelineNode): BatchWork {
  return { batchSize: Math.max(1, currentRequests), targetLength: 1, sourceLength: maxSequenceLength };
}

/**
 * Milliseconds of one step over these layers by the roofline (Williams et al., CACM 2009): of arithmetic and memory, the slower
 * one decides, layer by layer. The GPUs of a node share each layer.
 */
export function rooflineStageMs(
  node: PipelineNode,
  model: ModelInfo,
  range: LayerRange,
  work: BatchWork = currentWork(node),
): number {
  return layersMs(node, model, range, work) + endsMs(node, model, range, work);
}

/** Milliseconds that the node takes for all its layers; Infinity when it holds none or has no room for a request. */
export function stageLatencyMs(node: PipelineNode, model: ModelInfo): number {
  const { range, currentRequests, measuredLayerLatencyMs } = node;
  const limit = requestLimit(node, model);
  if (range === undefined || currentRequests >= limit) return Number.POSITIVE_INFINITY;
  if (measuredLayerLatencyMs === undefined) return rooflineStageMs(node, model, range);
  return (measuredLayerLatencyMs + node.loadCompensatorMs * (currentRequests / limit)) * layersOf(range);
}

/** The same for one of its layers, on average. */
export function layerLatencyMs(node: PipelineNode, model: ModelInfo): number {
  if (node.range === undefined) return Number.POSITIVE_INFINITY;
  return stageLatencyMs(node, model) / layersOf(node.range);
}

function layersMs(node: PipelineNode, model: ModelInfo, range: LayerRange, work: BatchWork): number {
  if (model.layerMemoryBytes === undefined && model.layerComputeCost === undefined) {
    return layersOf(range) * layerMs(node, model, work, undefined);
  }
  let sum = 0;
  for (let layer = range.start; layer < range.end; layer++) sum += layerMs(node, model, work, layer);
  return sum;
}

function layerMs(node: PipelineNode, model: ModelInfo, work: BatchWork, layer: number | undefined): number {
  const kvBytes = kvReadBytes(model, work);
  const weights = layerReadBytes(model, work, layer) - kvBytes;
  return slowerMs(node.hardware, model, {
    flops: layerFlops(model, work, layer),
    bytes: weights * weightFactor(model, node.hardware) + kvBytes,
  });
}

/** The embedding's table is looked up, not read whole; the LM head's is. */
function endsMs(node: PipelineNode, model: ModelInfo, range: LayerRange, work: BatchWork): number {
  const rows = hasEmbedding(range)
    ? work.batchSize * work.targetLength * model.hiddenDim * model.embeddingBytesPerElement
    : 0;
  const isLast = hasLmHead(range, model.numLayers);
  return slowerMs(node.hardware, model, {
    flops: isLast ? lmHeadFlops(model, work) : 0,
    bytes: rows + endBytes(model, { embedding: false, lmHead: isLast }),
  });
}

function slowerMs(
  hardware: NodeHardware,
  model: ModelInfo,
  { flops, bytes }: { readonly flops: number; readonly bytes: number },
): number {
  const { gpuCount, tflopsFp16, memoryBandwidthGBps, device } = hardware;
  const weightBytes = device === 'mlx' ? model.mlxParamBytesPerElement : model.paramBytesPerElement;
  const computeMs = flops / (quantizationSpeedup(weightBytes) * gpuCount * tflopsFp16 * 1e9);
  return Math.max(computeMs, bytes / (gpuCount * memoryBandwidthGBps * 1e6));
}
