/** A model of round figures, and nodes that hold a given number of its layers. */

import { createModelInfo, type ModelInfo, type ModelInfoInit } from '../model-info.ts';
import { createNode, type PipelineNode, type PipelineNodeInit } from '../node.ts';

/** Layers of 1 GiB; the embedding and the LM head of a quarter of one each. */
export function aModel(changes: Partial<ModelInfoInit> = {}): ModelInfo {
  return createModelInfo({
    name: 'round',
    numLayers: 12,
    hiddenDim: 4096,
    intermediateDim: 0,
    headSize: 64,
    numAttentionHeads: 0,
    numKvHeads: 1024,
    vocabSize: 65536,
    paramBytesPerElement: 2,
    mlxParamBytesPerElement: 2,
    cacheBytesPerElement: 2,
    ...changes,
  });
}

type NodeChanges = Partial<Omit<PipelineNodeInit, 'hardware'>> & {
  readonly hardware?: Partial<PipelineNode['hardware']>;
};

/** Room for so many GiB of weights, half of its memory. */
export function aNode(
  id: string,
  weightGb: number,
  { hardware, ...changes }: NodeChanges = {},
): PipelineNode {
  return createNode({
    id,
    hardware: {
      gpuName: 'any',
      gpuCount: 1,
      tflopsFp16: 100,
      memoryGb: 2 * weightGb,
      memoryBandwidthGBps: 1000,
      device: 'cuda',
      ...hardware,
    },
    ...changes,
  });
}
