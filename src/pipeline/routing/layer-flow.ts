/** How much the layer graph can carry, and by which chains: its greatest flow, taken apart into paths (Helix, ASPLOS 2025). */

import type { LayerGraph, Stage } from './layer-graph.ts';
import { FlowNetwork } from './max-flow.ts';

export interface FlowPath {
  readonly nodeIds: readonly string[];
  /** What of the flow goes this way, in the unit of the capacities. */
  readonly flow: number;
}

export interface LayerFlow {
  readonly total: number;
  readonly paths: readonly FlowPath[];
}

/** The requests that a node may have at a time. */
export const byLimit = ({ limit }: Stage): number => limit;
/** The steps that a node makes in a second. */
export const byRate = ({ stepsPerSecond }: Stage): number => stepsPerSecond;

/** @param capacityOf what goes through a node at most */
export function maxFlow(
  graph: LayerGraph,
  capacityOf: (stage: Stage) => number,
  extra: readonly Stage[] = [],
): number {
  return solve(graph, capacityOf, extra).total;
}

export function layerFlow(graph: LayerGraph, capacityOf: (stage: Stage) => number): LayerFlow {
  const { total, nodes, links } = solve(graph, capacityOf, []);
  return { total, paths: [...decompose(graph, nodes, links)] };
}

interface NodeEdge {
  readonly stage: Stage;
  flow: number;
}

interface Solution {
  readonly total: number;
  readonly nodes: readonly NodeEdge[];
  /** The flow between two nodes, where it matters which one comes before which. */
  readonly links: Map<string, Map<string, number>> | undefined;
}

/**
 * Where every link can be used, all that end at a layer meet all that start there in one vertex, so that a thousand nodes are
 * a thousand edges; otherwise each pair that can reach one another is an edge of its own.
 */
function solve(graph: LayerGraph, capacityOf: (stage: Stage) => number, extra: readonly Stage[]): Solution {
  const stages = [...graph.stages(), ...extra].filter((stage) => capacityOf(stage) > 0);
  const network = new FlowNetwork();
  const borders = Array.from({ length: graph.layers + 1 }, () => network.vertex());
  const [source, sink] = [borders[0]!, borders[graph.layers]!];
  if (!graph.links.hasUnusable) {
    const edges = stages.map((stage) =>
      network.edge(borders[stage.startLayer]!, borders[stage.endLayer]!, capacityOf(stage)),
    );
    const total = network.run(source, sink);
    const nodes = stages.map((stage, index) => ({ stage, flow: network.flow(edges[index]!) }));
    return { total, nodes, links: undefined };
  }
  const inner = stages.map((stage) => {
    const enter = stage.startLayer === 0 ? source : network.vertex();
    const leave = stage.endLayer === graph.layers ? sink : network.vertex();
    return { stage, enter, leave, edge: network.edge(enter, leave, capacityOf(stage)) };
  });
  const starting = Map.groupBy(inner, ({ stage }) => stage.startLayer);
  const pairs = inner.flatMap((from) =>
    (starting.get(from.stage.endLayer) ?? [])
      .filter((to) => graph.links.rttMs(from.stage.nodeId, to.stage.nodeId) < Number.POSITIVE_INFINITY)
      .map((to) => ({ from, to, edge: network.edge(from.leave, to.enter, Number.POSITIVE_INFINITY) })),
  );
  const total = network.run(source, sink);
  const links = new Map<string, Map<string, number>>();
  for (const { from, to, edge } of pairs) {
    const row = links.get(from.stage.nodeId) ?? new Map<string, number>();
    links.set(from.stage.nodeId, row.set(to.stage.nodeId, network.flow(edge)));
  }
  return { total, nodes: inner.map(({ stage, edge }) => ({ stage, flow: network.flow(edge) })), links };
}

const NOTHING = 1e-9;

/** Takes chain after chain out of the flow until none is left: at most one chain for each node and link. */
function* decompose(
  graph: LayerGraph,
  nodes: readonly NodeEdge[],
  links: Solution['links'],
): Iterable<FlowPath> {
  const starting = Map.groupBy(nodes, ({ stage }) => stage.startLayer);
  const hasFlow = (node: NodeEdge) => node.flow > NOTHING;
  const between = (from: NodeEdge, to: NodeEdge) =>
    links?.get(from.stage.nodeId)?.get(to.stage.nodeId) ??
    (links === undefined ? Number.POSITIVE_INFINITY : 0);
  for (;;) {
    const path: NodeEdge[] = [];
    let flow = Number.POSITIVE_INFINITY;
    for (let layer = 0; layer < graph.layers; layer = path.at(-1)!.stage.endLayer) {
      const before = path.at(-1);
      const next = (starting.get(layer) ?? []).find(
        (node) => hasFlow(node) && (before === undefined || between(before, node) > NOTHING),
      );
      if (next === undefined) return;
      flow = Math.min(
        flow,
        next.flow,
        before === undefined ? Number.POSITIVE_INFINITY : between(before, next),
      );
      path.push(next);
    }
    for (const [index, node] of path.entries()) {
      node.flow -= flow;
      const before = path[index - 1];
      const row = before && links?.get(before.stage.nodeId);
      if (row) row.set(node.stage.nodeId, row.get(node.stage.nodeId)! - flow);
    }
    yield { nodeIds: path.map(({ stage }) => stage.nodeId), flow };
  }
}
