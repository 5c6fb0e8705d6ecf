/** Where a node that comes late helps most: on the layers with the least KV cache. */

import { layerCapacity } from './capacity.ts';
import type { LayerRange } from './layer-range.ts';
import type { LayerTable } from './layer-table.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';

/** As many layers as the node holds, from the lightest on; absent when it cannot hold that one. */
export function lightestRange(
  node: PipelineNode,
  model: ModelInfo,
  table: Pick<LayerTable, 'lightestLayer'>,
): LayerRange | undefined {
  const start = table.lightestLayer();
  const embedding = start === 0;
  const endWith = (lmHead: boolean) =>
    Math.min(start + layerCapacity(node, model, { embedding, lmHead }), model.numLayers);
  const end = endWith(false) === model.numLayers ? endWith(true) : endWith(false);
  return end > start ? { start, end } : undefined;
}
