/** Gives the nodes of one pipeline as many layers as they hold, one after the other. */

import { layerCapacity } from './capacity.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';
import type { PipelineStage } from './plan.ts';
import type { FillOutcome } from './water-filling.ts';

/** In the order given; nodes behind the one that takes the last layer have no stage. */
export function greedyFill(model: ModelInfo, nodes: readonly PipelineNode[]): FillOutcome {
  const stages: PipelineStage[] = [];
  let startLayer = 0;
  for (const node of nodes) {
    const rest = model.numLayers - startLayer;
    const embedding = startLayer === 0;
    // Whoever would take the last layer holds the LM head too, and may then no longer have room for it.
    const lmHead = layerCapacity(node, model, { embedding, lmHead: false }) >= rest;
    const count = Math.min(layerCapacity(node, model, { embedding, lmHead }), rest);
    if (count <= 0) continue;
    stages.push({ nodeId: node.id, startLayer, endLayer: startLayer + count });
    startLayer += count;
    if (startLayer === model.numLayers) return { ok: true, stages };
  }
  const rest = model.numLayers - startLayer;
  return { ok: false, reason: `Greedy assignment did not cover all layers: remaining ${rest}` };
}
