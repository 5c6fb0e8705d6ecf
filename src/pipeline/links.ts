/** Round-trip times between nodes, from whichever end knows them. */

import type { PipelineNode } from './node.ts';

/** 0 to itself; else as `from` measured it, else as `to` did, else Infinity: no link is known. */
export function rttMs(from: PipelineNode, to: PipelineNode): number {
  if (from.id === to.id) return 0;
  return from.rttMs.get(to.id) ?? to.rttMs.get(from.id) ?? Number.POSITIVE_INFINITY;
}
