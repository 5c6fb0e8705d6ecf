/** What the planners that first group nodes and then fill each group have in common. */

import type { AllocationConstraints, AllocationError, AllocationOutcome } from './allocator.ts';
import { layerCapacity, paramMemoryBytes } from './capacity.ts';
import { constrainFleet, unusedPin } from './constraints.ts';
import type { ModelInfo } from './model-info.ts';
import { modelBytes, storageBytesPerLayer, weightFactor } from './model-sizes.ts';
import type { PipelineNode } from './node.ts';
import { type NodeGroup, usefulNodesInOrder } from './node-line.ts';
import { type Pipeline, type PipelinePlan, pipelinesSquaredPerStage, stageCount } from './plan.ts';
import type { FillOutcome } from './water-filling.ts';

export interface GroupPlanner {
  /** @param line useful nodes, largest first */
  readonly group: (line: readonly PipelineNode[]) => readonly NodeGroup[] | AllocationError;
  /** Must leave the embedding with a group's first node and the LM head with its last one. */
  readonly fill: (group: NodeGroup) => FillOutcome;
}

export function allocateGroups(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  constraints: AllocationConstraints,
  { group, fill }: GroupPlanner,
): AllocationOutcome {
  const fleet = constrainFleet(model, nodes, constraints);
  if ('kind' in fleet) return { ok: false, error: fleet };
  const pipelines: Pipeline[] = [...fleet.manualPipelines];
  for (const part of fleet.groups) {
    const groups = group(usefulNodesInOrder(model, part));
    if ('kind' in groups) return { ok: false, error: groups };
    for (const each of groups) {
      const filled = fill(each);
      if (filled.ok) pipelines.push({ stages: filled.stages });
    }
  }
  if (pipelines.length === 0) return { ok: false, error: whyNone(model, fleet.groups) };
  const pinProblem = unusedPin(pipelines, constraints);
  if (pinProblem !== undefined) return { ok: false, error: pinProblem };
  const plan = planOf(pipelines, nodes);
  return {
    ok: true,
    plan,
    objective: pipelinesSquaredPerStage(pipelines.length, stageCount(plan)),
    isOptimal: false,
  };
}

export function planOf(pipelines: readonly Pipeline[], nodes: readonly PipelineNode[]): PipelinePlan {
  const used = new Set(pipelines.flatMap(({ stages }) => stages.map(({ nodeId }) => nodeId)));
  return { pipelines, unusedNodeIds: nodes.map(({ id }) => id).filter((id) => !used.has(id)) };
}

/** Of the group that comes nearest, what it lacks. */
export function whyNone(model: ModelInfo, groups: readonly (readonly PipelineNode[])[]): AllocationError {
  const missing = groups.map((nodes) => missingBytes(model, nodes));
  const least = Math.min(modelBytes(model), ...missing);
  if (least <= 0) {
    const message = `The nodes have room for the ${model.numLayers} layers of ${model.name} together, but not for the embedding and the LM head at the ends of a chain.`;
    return { kind: 'no_pipeline', message };
  }
  const missingGb = least / 2 ** 30;
  const who =
    groups.length > 1
      ? 'no group of nodes that belong together has enough room'
      : 'the nodes have too little room';
  const message = `${model.name} needs ${gb(modelBytes(model))} for its weights, and ${who}: ${gb(least)} are missing.`;
  return { kind: 'model_too_large', message, missingGb };
}

/** By bytes, or by whole layers where what is left over on each node is too little for one. */
function missingBytes(model: ModelInfo, nodes: readonly PipelineNode[]): number {
  // In bytes of the model's own weights, whatever form a node holds them in.
  const room = nodes.map((node) => paramMemoryBytes(node) / weightFactor(model, node.hardware));
  const bytes = modelBytes(model) - room.reduce((sum, each) => sum + each, 0);
  const layers = nodes.map((node) => Math.max(0, layerCapacity(node, model)));
  const missingLayers = model.numLayers - layers.reduce((sum, each) => sum + each, 0);
  return Math.max(bytes, missingLayers * storageBytesPerLayer(model));
}

const gb = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GB`;
