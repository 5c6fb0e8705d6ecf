/** Which chain of nodes the next request takes. */

import type { Random } from '../../domain/index.ts';
import { DynamicProgrammingRouting } from './dynamic-programming.ts';
import { FlowProportionalRouting } from './flow-proportional.ts';
import type { PipelineRouting } from './pipeline-routing.ts';
import { RandomisedPipelineRouting } from './randomised.ts';
import { RoundRobinPipelineRouting } from './round-robin.ts';

export { DynamicProgrammingRouting, leastLatency } from './dynamic-programming.ts';
export { FlowProportionalRouting } from './flow-proportional.ts';
export { byLimit, byRate, type FlowPath, type LayerFlow, layerFlow, maxFlow } from './layer-flow.ts';
export { LayerGraph, type Stage } from './layer-graph.ts';
export { type LinkSettings, LinkTable } from './link-table.ts';
export type { Hop, PipelineRouting, RegisteredPipeline, Route, RoutingView } from './pipeline-routing.ts';
export { RandomisedPipelineRouting } from './randomised.ts';
export { RoundRobinPipelineRouting } from './round-robin.ts';

interface RoutingKind {
  readonly make: (random: Random) => PipelineRouting;
  /** Whether its routes may go from a node of one pipeline to one of another. */
  readonly mixesPipelines: boolean;
}

/** One more way to route is one more name and one more line. */
export const PIPELINE_ROUTING_NAMES = ['rr', 'dp', 'random', 'flow'] as const;
export type PipelineRoutingName = (typeof PIPELINE_ROUTING_NAMES)[number];

export const PIPELINE_ROUTINGS: Readonly<Record<PipelineRoutingName, RoutingKind>> = {
  rr: { make: () => new RoundRobinPipelineRouting(), mixesPipelines: false },
  dp: { make: () => new DynamicProgrammingRouting(), mixesPipelines: true },
  random: { make: (random) => new RandomisedPipelineRouting(random), mixesPipelines: true },
  flow: { make: () => new FlowProportionalRouting(), mixesPipelines: true },
};
