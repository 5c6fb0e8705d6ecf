/** A plan as data: what the table, the JSON and the picture show. */

import {
  type AllocationSuccess,
  type LayerAllocator,
  layerCapacity,
  type ModelInfo,
  type OptimalSettings,
  objectiveOf,
  type PipelineNode,
  type PlanObjective,
  paramMemoryBytes,
  pipelineFigures,
  planFigures,
  rangeBytes,
  storageBytesPerLayer,
} from '../../pipeline/index.ts';
import type { NodesFile } from './nodes-file.ts';
import { PlanError } from './plan-error.ts';

const GIB = 2 ** 30;

export interface PlanRequest {
  readonly model: ModelInfo;
  readonly file: NodesFile;
  readonly allocator: LayerAllocator;
  readonly objective: PlanObjective;
  readonly settings: OptimalSettings;
}

export interface StageReport {
  readonly node: string;
  readonly gpu: string;
  readonly layers: readonly [number, number];
  readonly usedGib: number;
  readonly memoryGib: number;
  readonly cacheTokens: number;
  readonly stageMs: number;
  readonly linkMs: number;
  readonly isBottleneck: boolean;
}

export interface PlanReport {
  readonly model: string;
  readonly numLayers: number;
  readonly allocator: string;
  readonly objective: { readonly name: PlanObjective; readonly value: number };
  /** Absent where the planner proves nothing. */
  readonly bound?: { readonly value: number; readonly gap: number; readonly isOptimal: boolean };
  readonly wasCutShort: boolean;
  readonly pipelines: readonly {
    readonly slowestMs: number;
    readonly latencyMs: number;
    readonly stages: readonly StageReport[];
  }[];
  readonly unused: readonly string[];
  readonly stepsPerSecond: number;
  readonly limitedBy: string;
}

/** @throws {PlanError} in the planner's words when there is no plan */
export function planReport(request: PlanRequest): PlanReport {
  const { model, file, allocator, objective, settings } = request;
  const outcome = allocator.allocate(model, file.nodes, file);
  if (!outcome.ok) throw new PlanError(outcome.error.message);
  const { plan } = outcome;
  const byId = new Map(file.nodes.map((node) => [node.id, node]));
  const figures = pipelineFigures(model, file.nodes, plan.pipelines, settings);
  const value = objectiveOf(objective, model, file.nodes, plan, settings);
  return {
    model: model.name,
    numLayers: model.numLayers,
    allocator: allocator.name,
    objective: { name: objective, value },
    ...boundOf(outcome, value),
    wasCutShort: outcome.wasCutShort ?? false,
    pipelines: plan.pipelines.map(({ stages }, at) => ({
      slowestMs: figures[at]!.slowestMs,
      latencyMs: figures[at]!.latencyMs,
      stages: stages.map(({ nodeId, startLayer, endLayer }, stage) => {
        const node = byId.get(nodeId)!;
        const { ms, linkMs, cacheTokens } = figures[at]!.stages[stage]!;
        return {
          node: nodeId,
          gpu: gpuOf(node),
          layers: [startLayer, endLayer] as const,
          usedGib: rangeBytes(node, model, { start: startLayer, end: endLayer }) / GIB,
          memoryGib: paramMemoryBytes(node) / GIB,
          cacheTokens,
          stageMs: ms,
          linkMs,
          isBottleneck: stage === figures[at]!.bottleneck,
        };
      }),
    })),
    unused: plan.unusedNodeIds,
    stepsPerSecond: planFigures(model, file.nodes, plan, settings).stepsPerSecond,
    limitedBy: limitOf(request, outcome),
  };
}

/** Only `optimal` bounds the objective that was asked for. */
function boundOf({ upperBound, isOptimal }: AllocationSuccess, value: number): Pick<PlanReport, 'bound'> {
  if (upperBound === undefined) return {};
  return { bound: { value: upperBound, gap: Math.max(0, upperBound / value - 1), isOptimal } };
}

export function gpuOf({ hardware: { gpuName, gpuCount } }: PipelineNode): string {
  return gpuCount === 1 ? gpuName : `${gpuCount} × ${gpuName}`;
}

function limitOf({ model, file, objective, settings }: PlanRequest, { plan }: AllocationSuccess): string {
  if (objective !== 'pipelines') {
    const figures = pipelineFigures(model, file.nodes, plan.pipelines, settings);
    const slowest = figures.reduce((a, b) => (b.slowestMs > a.slowestMs ? b : a));
    return `the slowest stage of all is ${slowest.stages[slowest.bottleneck]!.nodeId}, with ${slowest.slowestMs.toFixed(2)} ms`;
  }
  const usable = file.nodes.filter(({ id }) => !file.avoid.has(id));
  const layersOf = (node: PipelineNode) => Math.min(model.numLayers, Math.max(0, layerCapacity(node, model)));
  const room = usable.reduce((sum, node) => sum + layersOf(node), 0);
  const wanted = (plan.pipelines.length + 1) * model.numLayers;
  if (room >= wanted) {
    return `memory for ${plan.pipelines.length + 1} pipelines is there (${room} layers for ${wanted}), but not in pieces that fit together`;
  }
  const gib = ((wanted - room) * storageBytesPerLayer(model)) / GIB;
  return `memory for weights: the nodes hold ${room} layers, one more pipeline would need ${wanted - room} more (${gib.toFixed(1)} GiB) and its embedding and LM head`;
}

export interface Helper {
  readonly gpu: string;
  readonly value: number;
}

/** Of the kinds of nodes that are there already, the one of which one more would help most. */
export function bestAddition(request: PlanRequest, value: number): Helper | undefined {
  const kinds = new Map(request.file.nodes.map((node) => [JSON.stringify(node.hardware), node]));
  let best: Helper | undefined;
  for (const node of [...kinds.values()].slice(0, MOST_TRIED)) {
    const added = { ...node, id: `${node.id} again`, rttMs: new Map(node.rttMs) };
    const file = { ...request.file, nodes: [...request.file.nodes, added] };
    const outcome = request.allocator.allocate(request.model, file.nodes, file);
    if (!outcome.ok) continue;
    const next = objectiveOf(request.objective, request.model, file.nodes, outcome.plan, request.settings);
    if (next > (best?.value ?? value) * (1 + 1e-9)) best = { gpu: gpuOf(node), value: next };
  }
  return best;
}

const MOST_TRIED = 8;
