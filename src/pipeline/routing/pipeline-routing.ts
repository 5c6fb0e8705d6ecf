/** Which chain of nodes the next request takes: the interface, what it may look at, and what it answers. */

import { isOpen, type LayerGraph } from './layer-graph.ts';

/** Nodes that hold the whole model between them, each of them in this pipeline alone. */
export interface RegisteredPipeline {
  readonly id: number;
  readonly nodeIds: readonly string[];
}

export interface RoutingView {
  readonly graph: LayerGraph;
  readonly pipelines: readonly RegisteredPipeline[];
}

/** One node of a route, and why the route costs what it does. */
export interface Hop {
  readonly nodeId: string;
  readonly startLayer: number;
  readonly endLayer: number;
  /** Milliseconds from the node before to this one; 0 for the first. */
  readonly linkMs: number;
  readonly stageMs: number;
  /** How many more requests it could take, this one included. */
  readonly room: number;
}

export interface Route {
  readonly hops: readonly Hop[];
  /** The links and stages together. */
  readonly latencyMs: number;
  /** The registered pipeline that it is, where it was chosen as one. */
  readonly pipelineId?: number;
  /** In words, for whoever asks why. */
  readonly reason: string;
}

export interface PipelineRouting {
  readonly name: string;
  /** `undefined` when no chain has room now: the request waits. */
  choose(view: RoutingView): Route | undefined;
}

/** The hops of a chain; `undefined` when a node is gone or two cannot reach each other. */
export function hopsOf(graph: LayerGraph, nodeIds: readonly string[]): readonly Hop[] | undefined {
  const hops: Hop[] = [];
  let before: string | undefined;
  for (const nodeId of nodeIds) {
    const stage = graph.stage(nodeId);
    if (stage === undefined) return undefined;
    const linkMs = before === undefined ? 0 : graph.links.rttMs(before, nodeId);
    if (linkMs === Number.POSITIVE_INFINITY) return undefined;
    const { startLayer, endLayer, latencyMs: stageMs, room } = stage;
    hops.push({ nodeId, startLayer, endLayer, linkMs, stageMs, room });
    before = nodeId;
  }
  return hops;
}

/** Left to right: stages first, then links, as the sum of two sums. */
export function latencyOf(hops: readonly Hop[]): number {
  return (
    hops.reduce((sum, { stageMs }) => sum + stageMs, 0) + hops.reduce((sum, { linkMs }) => sum + linkMs, 0)
  );
}

/** Whether every node of the chain may take one more request now. */
export function isChainOpen(graph: LayerGraph, nodeIds: readonly string[]): boolean {
  return nodeIds.every((nodeId) => {
    const stage = graph.stage(nodeId);
    return stage !== undefined && isOpen(stage);
  });
}

/** `a [0, 12) 3.1 ms → 10 ms → b [12, 24) 2.9 ms`. */
export function inWords(hops: readonly Hop[]): string {
  return hops
    .map(({ nodeId, startLayer, endLayer, linkMs, stageMs }, index) => {
      const link = index === 0 ? '' : `${rounded(linkMs)} ms → `;
      return `${link}${nodeId} [${startLayer}, ${endLayer}) ${rounded(stageMs)} ms`;
    })
    .join(' → ');
}

export function rounded(ms: number): string {
  return String(Number(ms.toPrecision(3)));
}
