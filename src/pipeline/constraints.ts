/** What must hold of every plan, whichever planner makes it: checked before, and again of the result. */

import type { AllocationConstraints, AllocationError } from './allocator.ts';
import { fits, paramMemoryBytes, rangeBytes } from './capacity.ts';
import type { LayerRange } from './layer-range.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';
import type { Pipeline } from './plan.ts';

/** The nodes sorted out by the constraints. */
export interface ConstrainedFleet {
  /** Nodes that a planner may use, apart by labels. */
  readonly groups: readonly (readonly PipelineNode[])[];
  /** Pipelines that manual nodes make up. */
  readonly manualPipelines: readonly Pipeline[];
}

export function constrainFleet(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  constraints: AllocationConstraints,
): ConstrainedFleet | AllocationError {
  const { manual = new Map<string, LayerRange>(), avoid, keepApartBy = [] } = constraints;
  const problem = namesProblem(nodes, constraints) ?? manualProblem(model, nodes, manual);
  if (problem !== undefined) return problem;
  const chains = manualChains(model, manual);
  if ('kind' in chains) return chains;
  const free = nodes.filter(({ id }) => !manual.has(id) && avoid?.has(id) !== true);
  const apart = Map.groupBy(free, ({ labels }) =>
    JSON.stringify(keepApartBy.map((name) => labels[name] ?? null)),
  );
  const inOrder = [...apart].sort(([a], [b]) => (a < b ? -1 : 1));
  return { groups: inOrder.map(([, group]) => group), manualPipelines: chains.pipelines };
}

/** A pinned node that no pipeline uses. */
export function unusedPin(
  pipelines: readonly Pipeline[],
  { pinned = new Set() }: AllocationConstraints,
): AllocationError | undefined {
  const used = new Set(pipelines.flatMap(({ stages }) => stages.map(({ nodeId }) => nodeId)));
  const nodeId = [...pinned].find((id) => !used.has(id));
  if (nodeId === undefined) return undefined;
  return violated(nodeId, `Node ${nodeId} must be part of a pipeline, and the plan does without it.`);
}

function namesProblem(
  nodes: readonly PipelineNode[],
  { manual, pinned, avoid }: AllocationConstraints,
): AllocationError | undefined {
  if (nodes.length === 0) return { kind: 'no_nodes', message: 'There are no nodes.' };
  const ids = new Set<string>();
  for (const { id: nodeId } of nodes) {
    if (ids.has(nodeId)) {
      return { kind: 'duplicate_node', message: `Two nodes are named ${nodeId}.`, nodeId };
    }
    ids.add(nodeId);
  }
  const named = [...(manual?.keys() ?? []), ...(pinned ?? []), ...(avoid ?? [])];
  const nodeId = named.find((id) => !ids.has(id));
  if (nodeId !== undefined) {
    return {
      kind: 'unknown_node',
      message: `The constraints name ${nodeId}, and there is no such node.`,
      nodeId,
    };
  }
  const torn = [...(avoid ?? [])].find((id) => pinned?.has(id) === true || manual?.has(id) === true);
  if (torn === undefined) return undefined;
  return violated(torn, `Node ${torn} is to be avoided and to be used.`);
}

function manualProblem(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  manual: ReadonlyMap<string, LayerRange>,
): AllocationError | undefined {
  for (const node of nodes) {
    const range = manual.get(node.id);
    if (range === undefined) continue;
    const { start, end } = range;
    const isWithin = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end;
    if (!isWithin || end > model.numLayers) {
      return violated(
        node.id,
        `Node ${node.id} is to hold [${start}, ${end}) of layers 0 to ${model.numLayers}.`,
      );
    }
    if (!fits(node, model, range)) {
      const missingGb = (rangeBytes(node, model, range) - paramMemoryBytes(node)) / 2 ** 30;
      const message = `Node ${node.id} has no room for the layers [${start}, ${end}): ${missingGb.toFixed(2)} GB are missing.`;
      return violated(node.id, message);
    }
  }
  return undefined;
}

/** Chains from layer 0 to the last; the longest ranges first, so that a chain is short. */
function manualChains(
  model: ModelInfo,
  manual: ReadonlyMap<string, LayerRange>,
): { readonly pipelines: readonly Pipeline[] } | AllocationError {
  const pipelines: Pipeline[] = [];
  let left = [...manual].map(([nodeId, { start, end }]) => ({ nodeId, startLayer: start, endLayer: end }));
  left.sort(
    (a, b) => a.startLayer - b.startLayer || b.endLayer - a.endLayer || (a.nodeId < b.nodeId ? -1 : 1),
  );
  while (left.length > 0) {
    const stages = chainFrom(left, 0, model.numLayers);
    if (stages === undefined) {
      const { nodeId, startLayer, endLayer } = left[0]!;
      const message = `Node ${nodeId} holds [${startLayer}, ${endLayer}) by hand, and no other such nodes make that a whole pipeline.`;
      return violated(nodeId, message);
    }
    pipelines.push({ stages });
    left = left.filter((stage) => !stages.includes(stage));
  }
  return { pipelines };
}

/** @param deadEnds layers from which no chain leads on, as far as is known */
function chainFrom(
  left: Pipeline['stages'],
  startLayer: number,
  numLayers: number,
  deadEnds = new Set<number>(),
): Pipeline['stages'] | undefined {
  if (startLayer === numLayers) return [];
  if (deadEnds.has(startLayer)) return undefined;
  for (const stage of left) {
    if (stage.startLayer !== startLayer) continue;
    const rest = chainFrom(left, stage.endLayer, numLayers, deadEnds);
    if (rest !== undefined) return [stage, ...rest];
  }
  deadEnds.add(startLayer);
  return undefined;
}

const violated = (nodeId: string, message: string): AllocationError => ({
  kind: 'constraint_violated',
  message,
  nodeId,
});
