/** What a plan is good for, as numbers of which more is better. */

import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { type Pipeline, type PipelinePlan, pipelinesSquaredPerStage, stageCount } from '../plan.ts';
import type { Candidate } from './candidate.ts';
import { toCandidate } from './candidates.ts';
import { type FleetLinks, fleetLinks } from './fleet-links.ts';
import type { OptimalSettings } from './settings.ts';
import { placeOf } from './split.ts';

/** What `optimal` can be asked to make most of. */
export const OBJECTIVES = ['pipelines', 'throughput', 'latency', 'cost'] as const;
export type PlanObjective = (typeof OBJECTIVES)[number];

/** Of one plan, what the objectives see. */
export interface PlanFigures {
  readonly pipelines: number;
  readonly stages: number;
  /** Steps a second: the sum over pipelines of one over the slowest stage. */
  readonly stepsPerSecond: number;
  /** From the first stage to the last, links included, of the fastest pipeline. */
  readonly fastestMs: number;
  readonly usdPerHour: number;
}

export const OBJECTIVE_VALUES: Readonly<Record<PlanObjective, (figures: PlanFigures) => number>> = {
  pipelines: ({ pipelines, stages }) => pipelinesSquaredPerStage(pipelines, stages),
  throughput: ({ stepsPerSecond }) => stepsPerSecond,
  latency: ({ fastestMs }) => 1000 / fastestMs,
  cost: ({ stepsPerSecond, usdPerHour }) => (usdPerHour === 0 ? 0 : (stepsPerSecond * 3600) / usdPerHour),
};

export interface StageFigures {
  readonly nodeId: string;
  readonly ms: number;
  /** To the next stage; 0 after the last. */
  readonly linkMs: number;
  /** Tokens whose cache the stage has room for. */
  readonly cacheTokens: number;
}

export interface PipelineFigures {
  readonly stages: readonly StageFigures[];
  readonly slowestMs: number;
  /** The index of the slowest stage. */
  readonly bottleneck: number;
  /** All stages and links. */
  readonly latencyMs: number;
  /** Of the stage with the least room. */
  readonly cacheTokens: number;
}

/** The times of any planner's pipelines, as `optimal` counts them. */
export function pipelineFigures(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  pipelines: readonly Pipeline[],
  settings: OptimalSettings,
): readonly PipelineFigures[] {
  const links = fleetLinks(nodes);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const candidates = new Map<string, Candidate>();
  for (const { nodeId } of pipelines.flatMap(({ stages }) => stages)) {
    candidates.set(nodeId, toCandidate(model, byId.get(nodeId)!, settings));
  }
  return pipelines.map((pipeline) => figuresOf(pipeline, candidates, links));
}

function figuresOf(
  { stages }: Pipeline,
  candidates: ReadonlyMap<string, Candidate>,
  links: FleetLinks,
): PipelineFigures {
  const figures = stages.map(({ nodeId, startLayer, endLayer }, at): StageFigures => {
    const candidate = candidates.get(nodeId)!;
    const next = stages[at + 1];
    return {
      nodeId,
      ms: stageMs(candidate, startLayer, endLayer, at, stages.length),
      linkMs: next === undefined ? 0 : links(candidate.node, candidates.get(next.nodeId)!.node),
      cacheTokens: Math.floor(candidate.cacheTokenLayers / (endLayer - startLayer)),
    };
  });
  const slowestMs = Math.max(...figures.map(({ ms }) => ms));
  return {
    stages: figures,
    slowestMs,
    bottleneck: figures.findIndex(({ ms }) => ms === slowestMs),
    latencyMs: figures.reduce((sum, { ms, linkMs }) => sum + ms + linkMs, 0),
    cacheTokens: Math.min(...figures.map(({ cacheTokens }) => cacheTokens)),
  };
}

export function stageMs(
  { endMs, layerMs, layerTimesMs }: Candidate,
  startLayer: number,
  endLayer: number,
  at: number,
  stages: number,
): number {
  const ends = endMs[placeOf(at, stages)];
  if (layerTimesMs === undefined) return ends + (endLayer - startLayer) * layerMs;
  return layerTimesMs.slice(startLayer, endLayer).reduce((sum, ms) => sum + ms, ends);
}

export function planFigures(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  plan: PipelinePlan,
  settings: OptimalSettings,
): PlanFigures {
  const figures = pipelineFigures(model, nodes, plan.pipelines, settings);
  const used = new Set(plan.pipelines.flatMap(({ stages }) => stages.map(({ nodeId }) => nodeId)));
  return {
    pipelines: plan.pipelines.length,
    stages: stageCount(plan),
    stepsPerSecond: figures.reduce((sum, { slowestMs }) => sum + 1000 / slowestMs, 0),
    fastestMs: Math.min(...figures.map(({ latencyMs }) => latencyMs)),
    usdPerHour: nodes.reduce((sum, { id, usdPerHour = 0 }) => sum + (used.has(id) ? usdPerHour : 0), 0),
  };
}

/** How good any planner's plan is by an objective; more is better. */
export function objectiveOf(
  objective: PlanObjective,
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  plan: PipelinePlan,
  settings: OptimalSettings,
): number {
  if (plan.pipelines.length === 0) return 0;
  return OBJECTIVE_VALUES[objective](planFigures(model, nodes, plan, settings));
}
