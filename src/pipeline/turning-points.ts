/** Where the quickest path through the layers leaves nodes that hold more than it uses: layers that can be given up. */

import type { NodeRegistry, PlacedNode } from './node-registry.ts';

export interface TurningPoint {
  readonly nodeId: string;
  readonly layer: number;
  /** `tail`: the node can do without its layers from `layer` on; `head`: without those before it. */
  readonly gives: 'tail' | 'head';
}

export interface PathCosts {
  /** Milliseconds that a node takes for one layer. */
  readonly layerMs: (node: PlacedNode) => number;
  /** Milliseconds from one node to another. */
  readonly linkMs: (from: PlacedNode, to: PlacedNode) => number;
}

/** Empty when no path is finite. Of paths as quick, the one by nodes that come first. */
export function findTurningPoints(
  nodes: readonly PlacedNode[],
  numLayers: number,
  costs: PathCosts,
): readonly TurningPoint[] {
  const path = quickestPath(nodes, numLayers, costs);
  const tails: TurningPoint[] = [];
  const firstUsed = new Map<PlacedNode, number>();
  for (const [layer, node] of path.entries()) {
    const before = path[layer - 1];
    const isLeft = before !== undefined && before !== node && layer < before.range.end;
    // A node to which the path returns later needs what lies between as well.
    if (isLeft && !path.includes(before, layer)) tails.push({ nodeId: before.id, layer, gives: 'tail' });
    if (!firstUsed.has(node)) firstUsed.set(node, layer);
  }
  const heads = [...firstUsed]
    .filter(([node, layer]) => layer > node.range.start)
    .map(([node, layer]): TurningPoint => ({ nodeId: node.id, layer, gives: 'head' }));
  return [...tails, ...heads];
}

/** Cuts nodes down to what the quickest path uses of them. */
export function trimAtTurningPoints(registry: NodeRegistry, costs: PathCosts): readonly TurningPoint[] {
  const points = findTurningPoints(registry.placed, registry.model.numLayers, costs);
  for (const { nodeId, layer, gives } of points) {
    const { start, end } = registry.get(nodeId).range!;
    const range = gives === 'tail' ? { start, end: layer } : { start: layer, end };
    if (range.start < range.end) registry.reallocate(nodeId, range);
  }
  return points;
}

interface Arrival {
  readonly node: PlacedNode;
  readonly costMs: number;
  readonly from: Arrival | undefined;
}

/** The node of each layer; empty when there is no finite path. */
export function quickestPath(
  nodes: readonly PlacedNode[],
  numLayers: number,
  { layerMs, linkMs }: PathCosts,
): readonly PlacedNode[] {
  const latencies = new Map(nodes.map((node) => [node, layerMs(node)]));
  let arrivals: readonly Arrival[] = [];
  for (let layer = 0; layer < numLayers; layer++) {
    const hosts = nodes.filter(({ range }) => range.start <= layer && layer < range.end);
    const before = arrivals;
    arrivals = hosts.flatMap((node): readonly Arrival[] => {
      const ownMs = latencies.get(node)!;
      if (layer === 0) return Number.isFinite(ownMs) ? [{ node, costMs: ownMs, from: undefined }] : [];
      const from = cheapest(
        before,
        (each) => each.costMs + (each.node === node ? 0 : linkMs(each.node, node)) + ownMs,
      );
      return from === undefined ? [] : [{ node, costMs: from.costMs, from: from.arrival }];
    });
  }
  const last = cheapest(arrivals, ({ costMs }) => costMs);
  const path: PlacedNode[] = [];
  for (let at = last?.arrival; at !== undefined; at = at.from) path.push(at.node);
  return path.reverse();
}

/** The first of the cheapest, if any is finite. */
function cheapest(
  arrivals: readonly Arrival[],
  costOf: (arrival: Arrival) => number,
): { readonly arrival: Arrival; readonly costMs: number } | undefined {
  let best: { arrival: Arrival; costMs: number } | undefined;
  for (const arrival of arrivals) {
    const costMs = costOf(arrival);
    if (costMs < (best?.costMs ?? Number.POSITIVE_INFINITY)) best = { arrival, costMs };
  }
  return best;
}
