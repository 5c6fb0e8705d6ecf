/** Where a spare node does most: which layers it should hold beside those that others hold. */

import { fits } from '../capacity.ts';
import { type LayerRange, layersOf } from '../layer-range.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { requestLimit } from '../request-limit.ts';
import { byRate, maxFlow } from '../routing/layer-flow.ts';
import type { LayerGraph } from '../routing/layer-graph.ts';
import { stepsPerSecond } from './node-book.ts';

/** More ranges are not tried: with many borders the lightest ones are tried first. */
const MAX_TRIED = 64;

/** What is smaller is rounding. */
const RISE = 1 + 1e-9;

/**
 * The layers with which the node raises the greatest flow of the layer graph most; among equals those with the least cache
 * memory. `undefined` where it would raise nothing: a node that no chain can pass is of more use as a spare. Only ranges
 * between borders that exist are tried, since a chain has to be able to go on before and behind them.
 */
export function placeBeside(
  node: PipelineNode,
  model: ModelInfo,
  graph: LayerGraph,
  loads: Float64Array,
): LayerRange | undefined {
  const before = maxFlow(graph, byRate);
  let best: { readonly range: LayerRange; readonly flow: number } | undefined;
  for (const range of rangesBetweenBorders(node, model, graph, loads)) {
    const flow = maxFlow(graph, byRate, [
      {
        nodeId: node.id,
        startLayer: range.start,
        endLayer: range.end,
        latencyMs: 0,
        room: 1,
        limit: requestLimit({ ...node, range }, model),
        stepsPerSecond: stepsPerSecond(node, model, range),
      },
    ]);
    if (flow > (best?.flow ?? before) * RISE) best = { range, flow };
  }
  return best?.range;
}

function rangesBetweenBorders(
  node: PipelineNode,
  model: ModelInfo,
  graph: LayerGraph,
  loads: Float64Array,
): readonly LayerRange[] {
  const starts = new Set([0]);
  const ends = new Set([model.numLayers]);
  for (const { startLayer, endLayer } of graph.stages()) {
    starts.add(endLayer);
    ends.add(startLayer);
  }
  return [...starts]
    .flatMap((start) => [...ends].map((end) => ({ start, end })))
    .filter((range) => range.start < range.end && fits(node, model, range))
    .map((range) => ({ range, load: meanLoad(loads, range) }))
    .sort(
      (one, other) =>
        one.load - other.load ||
        layersOf(other.range) - layersOf(one.range) ||
        one.range.start - other.range.start,
    )
    .slice(0, MAX_TRIED)
    .map(({ range }) => range);
}

function meanLoad(loads: Float64Array, { start, end }: LayerRange): number {
  return loads.subarray(start, end).reduce((sum, bytes) => sum + bytes, 0) / (end - start);
}

/** How uneven the layers' cache memory is: standard deviation over mean; 0 where nothing is held. */
export function unevenness(loads: Float64Array): number {
  const mean = loads.reduce((sum, bytes) => sum + bytes, 0) / loads.length;
  if (mean === 0) return 0;
  const variance = loads.reduce((sum, bytes) => sum + (bytes - mean) ** 2, 0) / loads.length;
  return Math.sqrt(variance) / mean;
}
