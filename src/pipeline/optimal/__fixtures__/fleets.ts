/** Small models and fleets drawn at random, and the best plan found by trying everything. */

import { type Random, randomIndex } from '../../../domain/random.ts';
import { fits } from '../../capacity.ts';
import { createModelInfo, type ModelInfo } from '../../model-info.ts';
import { createNode, type PipelineNode, type PipelineNodeInit } from '../../node.ts';
import type { PipelinePlan } from '../../plan.ts';

/** One layer weighs exactly 1 GiB; embedding and LM head `endGib` each. */
export function aModel(numLayers: number, init: Partial<ModelInfo> = {}, endGib = 0.5): ModelInfo {
  return createModelInfo({
    name: 'm',
    numLayers,
    hiddenDim: 1024,
    // 3 · 1024 · inner + 4 · 1024² elements of attention = 2³⁰.
    intermediateDim: (2 ** 20 - 4096) / 3,
    headSize: 128,
    numAttentionHeads: 8,
    numKvHeads: 8,
    vocabSize: Math.round(endGib * 2 ** 20),
    ...init,
  });
}

export interface NodeWish {
  /** GiB for weights: as many layers, less what the ends take. */
  readonly holds: number;
  readonly tflops?: number;
  readonly bandwidth?: number;
}

export function aNode(
  id: string,
  { holds, tflops = 100, bandwidth = 1000 }: NodeWish,
  init: Partial<PipelineNodeInit> = {},
): PipelineNode {
  return createNode({
    id,
    hardware: {
      gpuName: 'gpu',
      gpuCount: 1,
      tflopsFp16: tflops,
      memoryGb: holds * 2,
      memoryBandwidthGBps: bandwidth,
      device: 'cuda',
    },
    ...init,
  });
}

/** Nodes of a few sizes, as fleets have them, some of them useless. */
export function drawFleet(random: Random, most: number, numLayers: number): readonly PipelineNode[] {
  const count = 1 + randomIndex(random, most);
  const kinds = Array.from({ length: 1 + randomIndex(random, 4) }, () => ({
    holds: 0.5 + randomIndex(random, numLayers + 3),
    tflops: 50 + randomIndex(random, 300),
    bandwidth: 200 + randomIndex(random, 3000),
  }));
  const isMixed = random.next() < 0.3;
  return Array.from({ length: count }, (_, at) => {
    const wish = isMixed
      ? { holds: 0.5 + random.next() * numLayers, bandwidth: 200 + random.next() * 3000 }
      : kinds[randomIndex(random, kinds.length)]!;
    const rttMs = new Map(
      Array.from({ length: at }, (_, other) => [`n${other}`, Math.round(random.next() * 500) / 10] as const),
    );
    return aNode(`n${at}`, wish, { rttMs, usdPerHour: 0.2 + Math.round(random.next() * 40) / 10 });
  });
}

/** Every way to form disjoint pipelines of the nodes, by the value of each set of nodes that is one. */
export function* partitions(
  nodes: number,
  isPipeline: (set: number) => boolean,
): Generator<readonly number[]> {
  yield* extend([], (1 << nodes) - 1);

  function* extend(chosen: readonly number[], left: number): Generator<readonly number[]> {
    if (left === 0) {
      yield chosen;
      return;
    }
    const first = left & -left;
    const others = left ^ first;
    yield* extend(chosen, others);
    for (let part = others; ; part = (part - 1) & others) {
      if (isPipeline(part | first)) yield* extend([...chosen, part | first], others ^ part);
      if (part === 0) break;
    }
  }
}

/** What is wrong with a plan; empty when nothing is. */
export function faultsOf(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  plan: PipelinePlan,
): readonly string[] {
  const faults: string[] = [];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set<string>();
  for (const { stages } of plan.pipelines) {
    let next = 0;
    for (const { nodeId, startLayer, endLayer } of stages) {
      if (startLayer !== next) faults.push(`${nodeId} begins at ${startLayer}, not at ${next}`);
      if (seen.has(nodeId)) faults.push(`${nodeId} is there twice`);
      const node = byId.get(nodeId);
      if (!node || !fits(node, model, { start: startLayer, end: endLayer })) {
        faults.push(`${nodeId} cannot hold [${startLayer}, ${endLayer})`);
      }
      seen.add(nodeId);
      next = endLayer;
    }
    if (next !== model.numLayers) faults.push(`a pipeline ends at ${next}`);
  }
  const unused = nodes.filter(({ id }) => !seen.has(id)).map(({ id }) => id);
  if (unused.join() !== plan.unusedNodeIds.join()) faults.push('unusedNodeIds are wrong');
  return faults;
}
