/** Our planners on the recorded fleet: every plan must be one that works, and the same for any order of the nodes (faults 1 to 4). */

import {
  DynamicProgrammingLayerAllocator,
  GreedyLayerAllocator,
  type LayerAllocator,
  layerCapacity,
  type ModelInfo,
  type PipelineNode,
  type PipelinePlan,
} from '../../../src/pipeline/index.ts';
import { type Check, Comparison, modelOf, nodesOf } from './record.ts';

/** More unlike nodes than this are too many for dynamic programming. */
const MOST_NODES_FOR_DP = 12;

export const checkAllocators: Check = (record) => {
  const found = new Comparison();
  const model = modelOf(record);
  const nodes = nodesOf(record);
  checkAllocator(found, new GreedyLayerAllocator(), model, nodes);
  checkAllocator(found, new GreedyLayerAllocator({ lookAhead: false, fill: 'greedy' }), model, nodes);
  if (nodes.length <= MOST_NODES_FOR_DP) {
    checkAllocator(found, new DynamicProgrammingLayerAllocator(), model, nodes);
  }
  return found;
};

function checkAllocator(
  found: Comparison,
  allocator: LayerAllocator,
  model: ModelInfo,
  nodes: readonly PipelineNode[],
): void {
  const outcome = allocator.allocate(model, nodes);
  const reversed = allocator.allocate(model, nodes.toReversed());
  const pipelines = outcome.ok ? outcome.plan.pipelines : outcome.error;
  found.same(`${allocator.name} reversed`, reversed.ok ? reversed.plan.pipelines : reversed.error, pipelines);
  if (outcome.ok) found.same(`${allocator.name} problems`, problemsOf(outcome.plan, model, nodes), []);
}

export function problemsOf(
  { pipelines }: PipelinePlan,
  model: ModelInfo,
  nodes: readonly PipelineNode[],
): readonly string[] {
  const problems: string[] = [];
  const used = new Set<string>();
  for (const { stages } of pipelines) {
    let next = 0;
    for (const { nodeId, startLayer, endLayer } of stages) {
      const node = nodes.find(({ id }) => id === nodeId)!;
      const ends = { embedding: startLayer === 0, lmHead: endLayer === model.numLayers };
      if (startLayer !== next || endLayer <= startLayer)
        problems.push(`${nodeId} begins at ${startLayer}, not ${next}`);
      if (endLayer - startLayer > layerCapacity(node, model, ends)) problems.push(`${nodeId} has no room`);
      if (used.has(nodeId)) problems.push(`${nodeId} is used twice`);
      used.add(nodeId);
      next = endLayer;
    }
    if (next !== model.numLayers) problems.push(`a pipeline ends at ${next}`);
  }
  return problems;
}
