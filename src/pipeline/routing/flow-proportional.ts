/**
 * Chains in proportion to the greatest flow of the layer graph: what each can carry in a second is its share of the requests,
 * spread evenly by smooth weighted round robin (as in nginx; Helix, ASPLOS 2025, calls it interleaved weighted round robin).
 */

import { DynamicProgrammingRouting } from './dynamic-programming.ts';
import { byRate, type FlowPath, layerFlow } from './layer-flow.ts';
import type { LayerGraph } from './layer-graph.ts';
import {
  hopsOf,
  inWords,
  isChainOpen,
  latencyOf,
  type PipelineRouting,
  type Route,
  rounded,
} from './pipeline-routing.ts';

interface Share extends FlowPath {
  credit: number;
}

export class FlowProportionalRouting implements PipelineRouting {
  readonly name = 'flow';
  readonly #rest = new DynamicProgrammingRouting();
  #graph: LayerGraph | undefined;
  #structure = -1;
  #shares: readonly Share[] = [];
  #total = 0;

  choose({ graph }: { readonly graph: LayerGraph }): Route | undefined {
    this.#follow(graph);
    let best: Share | undefined;
    let sum = 0;
    for (const share of this.#shares) {
      if (!isChainOpen(graph, share.nodeIds)) continue;
      sum += share.flow;
      share.credit += share.flow;
      if (best === undefined || share.credit > best.credit) best = share;
    }
    if (best === undefined) return this.#besideTheFlow(graph);
    best.credit -= sum;
    const hops = hopsOf(graph, best.nodeIds)!;
    const reason = `its turn, with ${rounded((100 * best.flow) / this.#total)} % of the flow: ${inWords(hops)}`;
    return { hops, latencyMs: latencyOf(hops), reason };
  }

  /** Nodes with room may make a chain that no share goes through. */
  #besideTheFlow(graph: LayerGraph): Route | undefined {
    const route = this.#rest.choose({ graph });
    return route && { ...route, reason: `every chain of the flow is full; of the others, ${route.reason}` };
  }

  /** What a chain is owed outlives changes of others. */
  #follow(graph: LayerGraph): void {
    if (this.#graph === graph && this.#structure === graph.structure) return;
    const credits = new Map(this.#shares.map(({ nodeIds, credit }) => [nodeIds.join('\0'), credit]));
    const { total, paths } = layerFlow(graph, byRate);
    this.#shares = paths.map((path) => ({ ...path, credit: credits.get(path.nodeIds.join('\0')) ?? 0 }));
    this.#total = total;
    this.#graph = graph;
    this.#structure = graph.structure;
  }
}
