/** The quickest path through a fleet's layers, by Parallax' latencies. */

import {
  type NodeRegistry,
  type PathCosts,
  parallaxLayerLatencyMs,
  quickestPath,
  rttMs,
} from '../../../src/pipeline/index.ts';

export function parallaxCosts({ model }: NodeRegistry): PathCosts {
  return { layerMs: (node) => parallaxLayerLatencyMs(node, model), linkMs: rttMs };
}

/** Section 6 cuts a node where the path leaves it, also when the path comes back to it farther on. */
export const CUTS_ITS_OWN_PATH = 'cuts a node to which its path returns (section 6)';

export function pathReturns(registry: NodeRegistry): boolean {
  const path = quickestPath(registry.placed, registry.model.numLayers, parallaxCosts(registry));
  return path.some((node, layer) => layer > 0 && path[layer - 1] !== node && path.indexOf(node) < layer);
}
