/** From nodes and a model to the numbers that the search compares. */

import {
  BOTH_ENDS,
  EMBEDDING_ONLY,
  endBytes,
  LM_HEAD_ONLY,
  layerCapacity,
  type ModelEnds,
  NO_ENDS,
  paramMemoryBytes,
} from '../capacity.ts';
import type { ModelInfo } from '../model-info.ts';
import { kvBytesPerTokenPerLayer, weightFactor } from '../model-sizes.ts';
import type { PipelineNode } from '../node.ts';
import { kvMemoryBytes } from '../request-limit.ts';
import { rooflineStageMs } from '../stage-time.ts';
import type { BatchWork } from '../work.ts';
import { type ByPlace, type Candidate, PLACES } from './candidate.ts';

export const ENDS_OF: Readonly<Record<keyof ByPlace, ModelEnds>> = {
  middle: NO_ENDS,
  first: EMBEDDING_ONLY,
  last: LM_HEAD_ONLY,
  alone: BOTH_ENDS,
};

export interface CandidateSettings {
  /** The batch that stages are timed for. */
  readonly work: BatchWork;
  /** Tokens that the cache of every stage must have room for. */
  readonly minCacheTokens: number;
}

export function toCandidate(model: ModelInfo, node: PipelineNode, settings: CandidateSettings): Candidate {
  const kvBytes = kvBytesPerTokenPerLayer(model);
  const cacheTokenLayers = kvBytes === 0 ? Infinity : kvMemoryBytes(node) / kvBytes;
  const byCache =
    settings.minCacheTokens === 0 ? Infinity : Math.floor(cacheTokenLayers / settings.minCacheTokens);
  const within = (layers: number) => Math.max(0, Math.min(layers, byCache));
  return {
    node,
    layers: byPlace((place) => within(layerCapacity(node, model, ENDS_OF[place]))),
    layersAtMost: byPlace((place) => within(longestFit(model, node, ENDS_OF[place]))),
    ...timesOf(model, node, settings.work),
    cacheTokenLayers,
  };
}

function byPlace(of: (place: keyof ByPlace) => number): ByPlace {
  const [middle, first, last, alone] = PLACES.map(of);
  return { middle: middle!, first: first!, last: last!, alone: alone! };
}

/** The most consecutive layers that fit anywhere. */
function longestFit(model: ModelInfo, node: PipelineNode, ends: ModelEnds): number {
  const { layerMemoryBytes } = model;
  if (layerMemoryBytes === undefined) return layerCapacity(node, model, ends);
  const room = (paramMemoryBytes(node) - endBytes(model, ends)) / weightFactor(model, node.hardware);
  let longest = 0;
  let used = 0;
  let start = 0;
  for (const [end, bytes] of layerMemoryBytes.entries()) {
    used += bytes;
    while (used > room && start <= end) used -= layerMemoryBytes[start++]!;
    longest = Math.max(longest, end + 1 - start);
  }
  return room < 0 ? 0 : longest;
}

/** By what the node measured, or else by the roofline; the ends always by the roofline. */
function timesOf(
  model: ModelInfo,
  node: PipelineNode,
  work: BatchWork,
): Pick<Candidate, 'layerMs' | 'endMs' | 'layerTimesMs'> {
  const { layerMemoryBytes: _bytes, layerComputeCost: _cost, ...equal } = model;
  const three = { ...equal, numLayers: 3 };
  const roofline = rooflineStageMs(node, three, { start: 1, end: 2 }, work);
  const endMs = {
    middle: 0,
    first: rooflineStageMs(node, three, { start: 0, end: 1 }, work) - roofline,
    last: rooflineStageMs(node, three, { start: 2, end: 3 }, work) - roofline,
    alone: rooflineStageMs(node, { ...equal, numLayers: 1 }, { start: 0, end: 1 }, work) - roofline,
  };
  const measured = node.measuredLayerLatencyMs;
  const isMeasured = measured !== undefined && Number.isFinite(measured) && measured > 0;
  const layerMs = isMeasured ? measured : roofline;
  if (model.layerMemoryBytes === undefined && model.layerComputeCost === undefined) return { layerMs, endMs };
  // A model with one layer more on either side, so that no layer that is asked for lies at an end.
  const inner = {
    ...model,
    numLayers: model.numLayers + 2,
    ...(model.layerMemoryBytes && { layerMemoryBytes: [1, ...model.layerMemoryBytes, 1] }),
    ...(model.layerComputeCost && { layerComputeCost: [1, ...model.layerComputeCost, 1] }),
  };
  const scale = layerMs / roofline;
  const layerTimesMs = Array.from(
    { length: model.numLayers },
    (_, layer) => scale * rooflineStageMs(node, inner, { start: layer + 1, end: layer + 2 }, work),
  );
  const mean = layerTimesMs.reduce((sum, ms) => sum + ms, 0) / model.numLayers;
  return { layerMs: mean, endMs, layerTimesMs };
}
