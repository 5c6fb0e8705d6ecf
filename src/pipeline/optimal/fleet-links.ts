/** What a hop between two nodes takes, also where nobody measured it. */

import { rttMs } from '../links.ts';
import type { PipelineNode } from '../node.ts';

export type FleetLinks = (from: PipelineNode, to: PipelineNode) => number;

/** A link that nobody knows counts as the slowest that is known, so that known ones are preferred; 0 where none is. */
export function fleetLinks(nodes: readonly PipelineNode[]): FleetLinks {
  let slowest = 0;
  for (const { rttMs: known } of nodes) {
    for (const ms of known.values()) if (Number.isFinite(ms)) slowest = Math.max(slowest, ms);
  }
  if (slowest === 0) return () => 0;
  return (from, to) => {
    const ms = rttMs(from, to);
    return Number.isFinite(ms) ? ms : slowest;
  };
}
