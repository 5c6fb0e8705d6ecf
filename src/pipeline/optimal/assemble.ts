/** From the nodes of a pipeline to the pipeline: who is first and last, in which order, with how many layers. */

import { endBytes, paramMemoryBytes } from '../capacity.ts';
import type { ModelInfo } from '../model-info.ts';
import { layerStorageBytes, weightFactor } from '../model-sizes.ts';
import type { Pipeline } from '../plan.ts';
import { type ByPlace, type Candidate, PLACES } from './candidate.ts';
import { ENDS_OF } from './candidates.ts';
import type { FleetLinks } from './fleet-links.ts';
import { fastestChain } from './latency.ts';
import { canBeEnds, fastestSlowestStageMs, layersInOrder, splitUnequal } from './split.ts';
import { orderStages } from './stage-order.ts';

export type Assemble = (
  model: ModelInfo,
  members: readonly Candidate[],
  links: FleetLinks,
) => Pipeline | undefined;

/** The slowest stage as fast as it can be, and among orders that allow it the one with the least time on links. */
export function assembleForRate(
  model: ModelInfo,
  members: readonly Candidate[],
  links: FleetLinks,
): Pipeline | undefined {
  const isUnequal = members[0]?.layerTimesMs !== undefined;
  const slowestMs = isUnequal ? Infinity : fastestSlowestStageMs(members, model.numLayers);
  const linkMs = (from: number, to: number) => links(members[from]!.node, members[to]!.node);
  const mayBeEnds = canBeEnds(members, model.numLayers, slowestMs);
  const order = orderStages(members.length, linkMs, mayBeEnds);
  if (order === undefined) return undefined;
  const stages = order.map((at) => members[at]!);
  if (isUnequal) return splitInSomeOrder(model, stages);
  const room = stages.map(({ cacheTokenLayers }) => cacheTokenLayers);
  return chain(stages, layersInOrder(stages, model.numLayers, slowestMs, room));
}

/** One request as fast as it can be: most layers on the fastest nodes. */
export function assembleForLatency(
  model: ModelInfo,
  members: readonly Candidate[],
  links: FleetLinks,
): Pipeline | undefined {
  const linkMs = (from: number, to: number) => links(members[from]!.node, members[to]!.node);
  const fastest = fastestChain(members, model.numLayers, linkMs);
  return (
    fastest &&
    chain(
      fastest.order.map((at) => members[at]!),
      fastest.layers,
    )
  );
}

export function chain(stages: readonly Candidate[], layers: readonly number[]): Pipeline {
  let startLayer = 0;
  return {
    stages: stages.map(({ node }, at) => {
      const stage = { nodeId: node.id, startLayer, endLayer: startLayer + layers[at]! };
      startLayer = stage.endLayer;
      return stage;
    }),
  };
}

/** Where layers differ, an order may hold them that another does not: the one with the fastest links comes first. */
function splitInSomeOrder(model: ModelInfo, stages: readonly Candidate[]): Pipeline | undefined {
  const smallestFirst = [...stages].sort((a, b) => a.layers.middle - b.layers.middle);
  const orders = [stages, [...stages].reverse(), smallestFirst, [...smallestFirst].reverse()];
  for (const order of orders) {
    const pipeline = splitByLayer(model, order);
    if (pipeline) return pipeline;
  }
  return undefined;
}

/** Layers of unequal size or work: by the programme over where each stage ends. */
function splitByLayer(model: ModelInfo, stages: readonly Candidate[]): Pipeline | undefined {
  const layerBytes = Array.from({ length: model.numLayers }, (_, layer) => layerStorageBytes(model, layer));
  const ends = splitUnequal(
    stages.map((stage) => ({
      bytes: roomFor(model, stage),
      most: stage.layersAtMost,
      layerMs: stage.layerTimesMs!,
      endMs: stage.endMs,
    })),
    layerBytes,
  );
  return (
    ends &&
    chain(
      stages,
      ends.map((end, at) => end - (ends[at - 1] ?? 0)),
    )
  );
}

function roomFor(model: ModelInfo, { node }: Candidate): ByPlace {
  const factor = weightFactor(model, node.hardware);
  const [middle, first, last, alone] = PLACES.map(
    (place) => (paramMemoryBytes(node) - endBytes(model, ENDS_OF[place])) / factor,
  );
  return { middle: middle!, first: first!, last: last!, alone: alone! };
}
