/** Registered pipelines in turn; one that has no room now is passed over. */

import {
  hopsOf,
  inWords,
  isChainOpen,
  latencyOf,
  type PipelineRouting,
  type Route,
  type RoutingView,
} from './pipeline-routing.ts';

export class RoundRobinPipelineRouting implements PipelineRouting {
  readonly name = 'rr';
  #cursor = 0;

  /** How often a pipeline was looked at: its remainder by their number says whose turn it is. */
  get cursor(): number {
    return this.#cursor;
  }

  choose({ graph, pipelines }: RoutingView): Route | undefined {
    const { length } = pipelines;
    for (let tried = 1; tried <= length; tried++) {
      const { id, nodeIds } = pipelines[this.#cursor % length]!;
      this.#cursor++;
      const hops = isChainOpen(graph, nodeIds) ? hopsOf(graph, nodeIds) : undefined;
      if (hops === undefined) continue;
      const skipped = tried === 1 ? '' : `, after ${tried - 1} without room`;
      const reason = `pipeline ${id} in its turn among ${length}${skipped}: ${inWords(hops)}`;
      return { hops, latencyMs: latencyOf(hops), pipelineId: id, reason };
    }
    return undefined;
  }
}
