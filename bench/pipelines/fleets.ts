/** The fleets that planners are measured on: identical nodes, four kinds, and no two alike. */

import { type Random, seededRandom } from '../../src/domain/index.ts';
import { createModelInfo, createNode, type ModelInfo, type PipelineNode } from '../../src/pipeline/index.ts';

export const SIZES = [8, 16, 24, 32, 64, 128, 256, 512, 1000] as const;

const EIGHT_BIT = { cacheBytesPerElement: 2, embeddingBytesPerElement: 2 } as const;

/** A dense model of 70 billion parameters, and a mixture of experts of the shape of gpt-oss-120b. */
const DENSE = createModelInfo({
  ...EIGHT_BIT,
  name: 'dense, 80 layers',
  numLayers: 80,
  hiddenDim: 8192,
  intermediateDim: 28672,
  headSize: 128,
  numAttentionHeads: 64,
  numKvHeads: 8,
  vocabSize: 128256,
});
const EXPERTS = createModelInfo({
  ...EIGHT_BIT,
  name: 'experts, 36 layers',
  numLayers: 36,
  hiddenDim: 2880,
  intermediateDim: 2880,
  headSize: 64,
  numAttentionHeads: 64,
  numKvHeads: 8,
  vocabSize: 201088,
  numLocalExperts: 128,
  numExpertsPerToken: 4,
});

interface Hardware {
  readonly tflops: number;
  readonly gb: number;
  readonly gbps: number;
}

const H100: Hardware = { tflops: 989.4, gb: 80, gbps: 3350 };
const FOUR: readonly Hardware[] = [
  { tflops: 312, gb: 80, gbps: 2039 },
  { tflops: 312, gb: 40, gbps: 1935 },
  { tflops: 104.8, gb: 32, gbps: 1792 },
  { tflops: 82.6, gb: 24, gbps: 1008 },
];

export interface Fleet {
  readonly name: string;
  readonly model: ModelInfo;
  readonly nodes: readonly PipelineNode[];
}

/** The first two as in the recorded times of Parallax. */
export function fleetsOf(size: number): readonly Fleet[] {
  const random = seededRandom(size);
  const nodes = (hardware: (at: number) => Hardware) =>
    Array.from({ length: size }, (_, at) => node(at, hardware(at)));
  return [
    { name: 'identical', model: DENSE, nodes: nodes(() => H100) },
    { name: 'four kinds', model: EXPERTS, nodes: nodes((at) => FOUR[at % FOUR.length]!) },
    { name: 'all different', model: DENSE, nodes: nodes(() => drawn(random)) },
  ];
}

function drawn(random: Random): Hardware {
  return { tflops: 80 + 900 * random.next(), gb: 12 + 110 * random.next(), gbps: 600 + 3000 * random.next() };
}

function node(at: number, { tflops, gb, gbps }: Hardware): PipelineNode {
  return createNode({
    id: `n${String(at).padStart(4, '0')}`,
    hardware: {
      gpuName: 'gpu',
      gpuCount: 1,
      tflopsFp16: tflops,
      memoryGb: gb,
      memoryBandwidthGBps: gbps,
      device: 'cuda',
    },
  });
}
