/** Small fleets for tests: a model of 12 equal layers, and nodes that hold 3, 6 or 12 of them. */

import type { LayerAllocator } from '../../allocator.ts';
import { DynamicProgrammingLayerAllocator } from '../../dynamic-allocator.ts';
import type { LayerRange } from '../../layer-range.ts';
import { createModelInfo } from '../../model-info.ts';
import { createNode, type PipelineNode } from '../../node.ts';
import { PIPELINE_ROUTINGS, type PipelineRoutingName } from '../../routing/index.ts';
import { LivePipelines } from '../live-pipelines.ts';
import type { LivePipelineSettings } from '../settings.ts';

export const TWELVE_LAYERS = createModelInfo({
  name: 'twelve',
  numLayers: 12,
  hiddenDim: 4096,
  intermediateDim: 0,
  headSize: 64,
  numAttentionHeads: 0,
  numKvHeads: 1024,
  vocabSize: 65_536,
  paramBytesPerElement: 2,
  mlxParamBytesPerElement: 2,
  cacheBytesPerElement: 2,
});

/** Memory that holds so many layers with both ends. */
const MEMORY_GB: Readonly<Record<number, number>> = { 3: 8.5, 4: 10.5, 6: 15.2, 7: 17, 12: 26 };

export interface NodeWish extends Partial<PipelineNode> {
  readonly layers?: keyof typeof MEMORY_GB;
  readonly manual?: LayerRange;
  readonly rtts?: Readonly<Record<string, number>>;
}

export function aNode(id: string, wish: NodeWish = {}): PipelineNode {
  const { layers = 6, manual, rtts = {}, ...facts } = wish;
  return createNode({
    id,
    hardware: {
      gpuName: 'custom',
      gpuCount: 1,
      tflopsFp16: 100,
      memoryGb: MEMORY_GB[layers]!,
      memoryBandwidthGBps: 1000,
      device: 'cuda',
    },
    rttMs: new Map(Object.entries(rtts)),
    ...(manual !== undefined && { isManual: true, range: manual }),
    ...facts,
  });
}

export function aFleet(
  routing: PipelineRoutingName = 'rr',
  settings: Partial<LivePipelineSettings> = {},
  allocator: LayerAllocator = new DynamicProgrammingLayerAllocator(),
): LivePipelines {
  const { make, mixesPipelines } = PIPELINE_ROUTINGS[routing];
  return new LivePipelines({
    model: TWELVE_LAYERS,
    allocator,
    routing: make({ next: () => 0.5 }),
    settings: { assumedRttMs: 10, mixesPipelines, ...settings },
  });
}
