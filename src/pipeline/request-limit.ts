/** How many requests a node can have at once, by what it was told and by what its KV cache holds. */

import { layersOf } from './layer-range.ts';
import type { ModelInfo } from './model-info.ts';
import { kvBytesPerTokenPerLayer } from './model-sizes.ts';
import type { PipelineNode } from './node.ts';

/** Memory for the KV cache, in bytes. */
export function kvMemoryBytes({ hardware, kvCacheMemoryShare }: PipelineNode): number {
  return hardware.gpuCount * hardware.memoryGb * 2 ** 30 * kvCacheMemoryShare;
}

/** What each of the node's layers has of it; absent when it holds none. */
export function kvBytesPerHeldLayer(node: PipelineNode): number | undefined {
  return node.range === undefined ? undefined : Math.floor(kvMemoryBytes(node) / layersOf(node.range));
}

/** Tokens whose cache fits when the node holds so many layers. */
export function kvCapacityTokens(node: PipelineNode, model: ModelInfo, layers: number): number {
  const bytesPerToken = layers * kvBytesPerTokenPerLayer(model);
  return bytesPerToken === 0 ? Number.POSITIVE_INFINITY : Math.floor(kvMemoryBytes(node) / bytesPerToken);
}

/** The smaller of what is configured and what the cache holds at full length, and at least 1; a manual node's is configured. */
export function requestLimit(node: PipelineNode, model: ModelInfo): number {
  const { maxConcurrentRequests: configured = Number.POSITIVE_INFINITY, range } = node;
  if (range === undefined || (node.isManual && Number.isFinite(configured))) return configured;
  const tokens = kvCapacityTokens(node, model, layersOf(range));
  return Math.min(configured, Math.max(1, Math.floor(tokens / node.maxSequenceLength)));
}
