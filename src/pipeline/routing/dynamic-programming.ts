/** The chain of least latency through the layer graph, with the load and the links of this moment. */

import { isOpen, type LayerGraph } from './layer-graph.ts';
import { hopsOf, inWords, type PipelineRouting, type Route, rounded } from './pipeline-routing.ts';

/** Sums from the left and from the right differ in their last bits; what is this near to the best is still looked at. */
const ROUNDING = 1 + 1e-9;

export class DynamicProgrammingRouting implements PipelineRouting {
  readonly name = 'dp';

  choose({ graph }: { readonly graph: LayerGraph }): Route | undefined {
    const found = leastLatency(graph);
    if (found === undefined) return undefined;
    const hops = hopsOf(graph, found.nodeIds)!;
    const { latencyMs } = found;
    return { hops, latencyMs, reason: `least latency, ${rounded(latencyMs)} ms: ${inWords(hops)}` };
  }
}

interface Arrival {
  readonly nodeId: string;
  readonly slot: number;
  readonly latencyMs: number;
  readonly before: Arrival | undefined;
}

/**
 * One pass over the layers, best arrival per node. A bound from behind (the stages alone, without links) and a chain found by
 * always taking the next best step leave out most pairs of nodes; the result is exact all the same.
 */
export function leastLatency(
  graph: LayerGraph,
): { readonly nodeIds: readonly string[]; readonly latencyMs: number } | undefined {
  const rest = restBounds(graph);
  if (rest[0] === Number.POSITIVE_INFINITY) return undefined;
  const enough = dive(graph, rest) * ROUNDING;
  const arrivals: Arrival[][] = Array.from({ length: graph.layers + 1 }, () => []);
  for (let layer = 0; layer < graph.layers; layer++) {
    const starting = graph.startingAt(layer);
    if (starting.length === 0 || rest[layer] === Number.POSITIVE_INFINITY) continue;
    const before = arrivals[layer]!.sort((one, other) => one.latencyMs - other.latencyMs);
    if (layer > 0 && before.length === 0) continue;
    for (const { stage, slot } of starting) {
      const after = rest[stage.endLayer]!;
      if (!isOpen(stage) || after === Number.POSITIVE_INFINITY) continue;
      const { nodeId } = stage;
      const arrival =
        layer === 0
          ? { nodeId, slot, latencyMs: stage.latencyMs, before: undefined }
          : bestArrival(graph, before, stage, slot);
      if (arrival !== undefined && arrival.latencyMs + after <= enough)
        arrivals[stage.endLayer]!.push(arrival);
    }
  }
  const best = firstLeast(arrivals[graph.layers]!);
  return best && { nodeIds: pathTo(best), latencyMs: best.latencyMs };
}

function bestArrival(
  { links }: LayerGraph,
  before: readonly Arrival[],
  { nodeId, latencyMs: stageMs }: { readonly nodeId: string; readonly latencyMs: number },
  slot: number,
): Arrival | undefined {
  let best: Arrival | undefined;
  let leastMs = Number.POSITIVE_INFINITY;
  for (const one of before) {
    // Those behind it come later still, whatever their links cost.
    if (one.latencyMs + stageMs >= leastMs) break;
    const latencyMs = one.latencyMs + links.between(one.slot, slot) + stageMs;
    if (latencyMs < leastMs) {
      leastMs = latencyMs;
      best = one;
    }
  }
  return best && { nodeId, slot, latencyMs: leastMs, before: best };
}

/** By layer: the least that the stages from there to the end take together, if links cost nothing. */
function restBounds(graph: LayerGraph): Float64Array {
  const rest = new Float64Array(graph.layers + 1).fill(Number.POSITIVE_INFINITY);
  rest[graph.layers] = 0;
  for (let layer = graph.layers - 1; layer >= 0; layer--) {
    for (const { stage } of graph.startingAt(layer)) {
      if (!isOpen(stage)) continue;
      rest[layer] = Math.min(rest[layer]!, stage.latencyMs + rest[stage.endLayer]!);
    }
  }
  return rest;
}

/** What some chain takes; `Infinity` where the greedy one finds no way on. */
function dive(graph: LayerGraph, rest: Float64Array): number {
  let latencyMs = 0;
  let layer = 0;
  let from: number | undefined;
  while (layer < graph.layers) {
    let least = Number.POSITIVE_INFINITY;
    let step: { readonly slot: number; readonly endLayer: number; readonly costMs: number } | undefined;
    for (const { stage, slot } of graph.startingAt(layer)) {
      if (!isOpen(stage)) continue;
      const costMs = stage.latencyMs + (from === undefined ? 0 : graph.links.between(from, slot));
      const bound = costMs + rest[stage.endLayer]!;
      if (bound >= least) continue;
      least = bound;
      step = { slot, endLayer: stage.endLayer, costMs };
    }
    if (step === undefined) return Number.POSITIVE_INFINITY;
    latencyMs += step.costMs;
    layer = step.endLayer;
    from = step.slot;
  }
  return latencyMs;
}

function firstLeast(arrivals: readonly Arrival[]): Arrival | undefined {
  let best: Arrival | undefined;
  for (const one of arrivals) if (one.latencyMs < (best?.latencyMs ?? Number.POSITIVE_INFINITY)) best = one;
  return best;
}

function pathTo(arrival: Arrival): readonly string[] {
  const path: string[] = [];
  for (let at: Arrival | undefined = arrival; at !== undefined; at = at.before) path.unshift(at.nodeId);
  return path;
}
