/** The order in which planners take nodes, and the groups that they make of them. */

import { layerCapacity, type ModelEnds, NO_ENDS } from './capacity.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';

/** The nodes of one pipeline in the order of its stages: the first holds the embedding, the last the LM head. */
export type NodeGroup = readonly PipelineNode[];

/** A node in line with what it can hold at each place. */
export interface NodeInLine {
  readonly node: PipelineNode;
  readonly plain: number;
  readonly embedding: number;
  readonly lmHead: number;
  readonly both: number;
}

/** The same for any order of `nodes`: those that hold a layer, largest first, the faster of equal ones, then by name. */
export function usefulNodesInOrder(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
): readonly PipelineNode[] {
  return nodes
    .map((node) => ({ node, capacity: layerCapacity(node, model, NO_ENDS) }))
    .filter(({ capacity }) => capacity > 0)
    .sort((a, b) => b.capacity - a.capacity || byStrength(a.node, b.node))
    .map(({ node }) => node);
}

export function inLine(model: ModelInfo, nodes: readonly PipelineNode[]): readonly NodeInLine[] {
  return nodes.map((node) => {
    const capacity = (ends: ModelEnds) => layerCapacity(node, model, ends);
    return {
      node,
      plain: capacity(NO_ENDS),
      embedding: capacity({ embedding: true, lmHead: false }),
      lmHead: capacity({ embedding: false, lmHead: true }),
      both: capacity({ embedding: true, lmHead: true }),
    };
  });
}

function byStrength(a: PipelineNode, b: PipelineNode): number {
  return (
    b.hardware.tflopsFp16 - a.hardware.tflopsFp16 ||
    b.hardware.memoryBandwidthGBps - a.hardware.memoryBandwidthGBps ||
    byName(a.id, b.id)
  );
}

/** Numbers inside names count as numbers (`n2` before `n10`), so that the order is the one that people gave. */
function byName(a: string, b: string): number {
  const [as, bs] = [a, b].map((name) => name.split(/(\d+)/)) as [string[], string[]];
  for (const [index, part] of as.entries()) {
    const other = bs[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const difference = Number(part) - Number(other);
    if (index % 2 === 1 && difference !== 0) return difference;
    return part < other ? -1 : 1;
  }
  return as.length - bs.length;
}
