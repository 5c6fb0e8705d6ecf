/** Gives each node of one pipeline layers by its strength, as far as it has room: water filling, then the largest remainders. */

import { layerCapacity } from './capacity.ts';
import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';
import type { PipelineStage } from './plan.ts';

/** What a node's share of the layers goes by. */
export const FILL_POWERS = {
  flops: ({ hardware }: PipelineNode) => hardware.tflopsFp16,
  bandwidth: ({ hardware }: PipelineNode) => hardware.memoryBandwidthGBps,
} as const;

export type FillPower = keyof typeof FILL_POWERS;

export interface FillOptions {
  readonly power?: FillPower;
  /** Halvings of the search for the level; without a limit it goes on until the level is exact. */
  readonly maxIterations?: number;
}

export type FillOutcome =
  | { readonly ok: true; readonly stages: readonly PipelineStage[] }
  | { readonly ok: false; readonly reason: string };

/** The first of `nodes` holds the embedding, the last one the LM head. A node for which no layer is left has no stage. */
export function waterFill(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  { power = 'flops', maxIterations }: FillOptions = {},
): FillOutcome {
  const capacities = placedCapacities(model, nodes);
  const useless = capacities.findIndex((capacity) => capacity <= 0);
  if (useless >= 0) {
    return failure(`Node ${nodes[useless]!.id} has non-positive capacity: ${capacities[useless]}`);
  }
  const total = capacities.reduce((sum, capacity) => sum + capacity, 0);
  if (total < model.numLayers) {
    return failure(`Total capacity ${total} is less than total layers ${model.numLayers}`);
  }
  const powers = nodes.map(FILL_POWERS[power]);
  const level = findLevel(capacities, powers, model.numLayers, maxIterations);
  const targets = capacities.map((capacity, index) => Math.min(capacity, level * powers[index]!));
  const counts = targets.map(Math.floor);
  const rest = model.numLayers - sumOf(counts);
  if (rest < 0) return failure(`Remaining ${rest} is negative`);
  settle(counts, { capacities, targets, least: counts.map(() => 0), layers: model.numLayers });
  if (!endsHold(model, nodes, counts)) {
    const least = counts.map((_, index) => (index === 0 || index === counts.length - 1 ? 1 : 0));
    if (sumOf(least) > model.numLayers)
      return failure(`One layer cannot be split between ${nodes.length} nodes`);
    settle(counts, { capacities, targets, least, layers: model.numLayers });
  }
  return { ok: true, stages: stagesOf(nodes, counts) };
}

/** Layers that each node has room for at its place in the chain. */
export function placedCapacities(model: ModelInfo, nodes: readonly PipelineNode[]): readonly number[] {
  return nodes.map((node, index) =>
    layerCapacity(node, model, { embedding: index === 0, lmHead: index === nodes.length - 1 }),
  );
}

/** Largest first; nodes that hold as many stay as they are. */
export function byCapacity(model: ModelInfo, nodes: readonly PipelineNode[]): readonly PipelineNode[] {
  return nodes
    .map((node) => ({ node, capacity: layerCapacity(node, model) }))
    .sort((a, b) => b.capacity - a.capacity)
    .map(({ node }) => node);
}

/** Consecutive stages from layer 0 on. */
export function stagesOf(
  nodes: readonly PipelineNode[],
  counts: readonly number[],
): readonly PipelineStage[] {
  const stages: PipelineStage[] = [];
  let startLayer = 0;
  for (const [index, { id }] of nodes.entries()) {
    const endLayer = startLayer + counts[index]!;
    if (endLayer > startLayer) stages.push({ nodeId: id, startLayer, endLayer });
    startLayer = endLayer;
  }
  return stages;
}

const ITERATIONS = 40;
/** Doubles between two neighbours cannot be halved this often. */
const MOST_ITERATIONS = 2200;

/** The least level at which the nodes together take all layers. */
function findLevel(
  capacities: readonly number[],
  powers: readonly number[],
  layers: number,
  maxIterations: number | undefined,
): number {
  const limits = capacities.map((capacity, index) => capacity / powers[index]!);
  const taken = (level: number, share: (layers: number) => number) =>
    sumOf(capacities.map((capacity, index) => share(Math.min(capacity, level * powers[index]!))));
  let low = 0;
  let high = Math.max(...limits);
  for (let round = 0; round < (maxIterations ?? MOST_ITERATIONS); round++) {
    const isExactEnough = maxIterations === undefined && round >= ITERATIONS;
    if (isExactEnough && taken(high, Math.floor) <= layers) break;
    const middle = (low + high) / 2;
    if (taken(middle, (share) => share) >= layers) high = middle;
    else low = middle;
  }
  return high;
}

interface Shares {
  readonly capacities: readonly number[];
  readonly targets: readonly number[];
  readonly least: readonly number[];
  readonly layers: number;
}

/** Hands out what is left, one layer at a time, to the largest remainders; takes back what is too much from the smallest. */
function settle(counts: number[], { capacities, targets, least, layers }: Shares): void {
  for (const [index, minimum] of least.entries()) counts[index] = Math.max(counts[index]!, minimum);
  const remainders = targets.map((target) => target - Math.floor(target));
  const order = counts.map((_, index) => index).sort((a, b) => remainders[b]! - remainders[a]!);
  let rest = layers - sumOf(counts);
  while (rest > 0) {
    for (const index of order) {
      if (rest === 0 || counts[index]! >= capacities[index]!) continue;
      counts[index]!++;
      rest--;
    }
  }
  while (rest < 0) {
    for (const index of order.toReversed()) {
      if (rest === 0 || counts[index]! <= least[index]!) continue;
      counts[index]!--;
      rest++;
    }
  }
}

/** Whether those that come first and last once empty stages are left out have room for the ends as well. */
function endsHold(model: ModelInfo, nodes: readonly PipelineNode[], counts: readonly number[]): boolean {
  const held = nodes.map((node, index) => ({ node, count: counts[index]! })).filter(({ count }) => count > 0);
  const capacities = placedCapacities(
    model,
    held.map(({ node }) => node),
  );
  return held.every(({ count }, index) => count <= capacities[index]!);
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
const failure = (reason: string): FillOutcome => ({ ok: false, reason });
