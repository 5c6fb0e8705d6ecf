/** Any of the chains with room, each as likely as every other, without writing them all down. */

import type { Random } from '../../domain/index.ts';
import { isOpen, type LayerGraph, type Stage } from './layer-graph.ts';
import { hopsOf, inWords, latencyOf, type PipelineRouting, type Route } from './pipeline-routing.ts';

export class RandomisedPipelineRouting implements PipelineRouting {
  readonly name = 'random';
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  choose({ graph }: { readonly graph: LayerGraph }): Route | undefined {
    const ways = new WaysToTheEnd(graph);
    const total = ways.from(undefined, 0);
    if (total === 0) return undefined;
    const hops = hopsOf(graph, ways.chain(Math.floor(this.#random.next() * total)))!;
    return { hops, latencyMs: latencyOf(hops), reason: `one of ${total} chains by chance: ${inWords(hops)}` };
  }
}

/** How many chains lead on from a node, counted once for each; chains are in the order of a search in depth. */
class WaysToTheEnd {
  readonly #graph: LayerGraph;
  readonly #after = new Map<string, number>();
  /** From a layer on, whatever is before: right where every link can be used. */
  readonly #fromLayer: Float64Array;

  constructor(graph: LayerGraph) {
    this.#graph = graph;
    this.#fromLayer = new Float64Array(graph.layers + 1);
    this.#fromLayer[graph.layers] = 1;
    for (let layer = graph.layers - 1; layer >= 0; layer--) {
      for (const { stage } of graph.startingAt(layer)) {
        if (!isOpen(stage)) continue;
        const ways = this.#count(stage);
        this.#after.set(stage.nodeId, ways);
        this.#fromLayer[layer]! += ways;
      }
    }
  }

  /** The ways on from `layer` for a request that was at `before`. */
  from(before: string | undefined, layer: number): number {
    if (layer === this.#graph.layers) return 1;
    if (before === undefined || !this.#graph.links.hasUnusable) return this.#fromLayer[layer]!;
    let sum = 0;
    for (const { nodeId } of this.#next(before, layer)) sum += this.#after.get(nodeId) ?? 0;
    return sum;
  }

  chain(index: number): readonly string[] {
    const path: string[] = [];
    let rest = index;
    let layer = 0;
    while (layer < this.#graph.layers) {
      const step = this.#next(path.at(-1), layer).find(({ nodeId }) => {
        const ways = this.#after.get(nodeId) ?? 0;
        if (rest < ways) return true;
        rest -= ways;
        return false;
      })!;
      path.push(step.nodeId);
      layer = step.endLayer;
    }
    return path;
  }

  #count({ nodeId, endLayer }: Stage): number {
    return this.from(nodeId, endLayer);
  }

  #next(before: string | undefined, layer: number): readonly Stage[] {
    const { links } = this.#graph;
    const open = this.#graph.startingAt(layer).flatMap(({ stage }) => (isOpen(stage) ? [stage] : []));
    if (before === undefined) return open;
    return open
      .filter(({ nodeId }) => links.rttMs(before, nodeId) < Number.POSITIVE_INFINITY)
      .sort((one, other) => one.endLayer - other.endLayer);
  }
}
