/** How many routing decisions a second a live fleet of many nodes makes: a request is routed, takes its room and gives it back. */

import { seededRandom } from '../../src/domain/index.ts';
import {
  createModelInfo,
  createNode,
  GreedyLayerAllocator,
  LivePipelines,
  PIPELINE_ROUTING_NAMES,
  PIPELINE_ROUTINGS,
  type PipelineRoutingName,
} from '../../src/pipeline/index.ts';

export interface RoutingRow {
  readonly routing: PipelineRoutingName;
  readonly nodes: number;
  readonly pipelines: number;
  readonly decisionsPerSecond: number;
  readonly microsPerDecision: { readonly p50: number; readonly p99: number };
}

const MODEL = createModelInfo({
  name: 'llama-3-70b',
  numLayers: 80,
  hiddenDim: 8192,
  intermediateDim: 28_672,
  headSize: 128,
  numAttentionHeads: 64,
  numKvHeads: 8,
  vocabSize: 128_256,
  paramBytesPerElement: 2,
  cacheBytesPerElement: 2,
  embeddingBytesPerElement: 2,
});

/** Four kinds of machines, in turn. */
const KINDS = [
  { gpuName: 'A100', tflopsFp16: 312, memoryGb: 80, memoryBandwidthGBps: 2039 },
  { gpuName: 'H100', tflopsFp16: 989, memoryGb: 80, memoryBandwidthGBps: 3350 },
  { gpuName: 'H200', tflopsFp16: 989, memoryGb: 141, memoryBandwidthGBps: 4800 },
  { gpuName: 'L40S', tflopsFp16: 362, memoryGb: 48, memoryBandwidthGBps: 864 },
];

/** Requests under way meanwhile, so that nodes differ in load. */
const IN_FLIGHT = 1_000;

export function measureRouting(routing: PipelineRoutingName, nodes: number, forMs: number): RoutingRow {
  const random = seededRandom(1);
  const { make } = PIPELINE_ROUTINGS[routing];
  const live = new LivePipelines({
    model: MODEL,
    allocator: new GreedyLayerAllocator(),
    routing: make(random),
    // Nodes stay where the plan puts them: only routes are measured.
    settings: { minNodes: nodes, assumedRttMs: 10, mixesPipelines: false, heartbeatTimeoutMs: 1e9 },
  });
  const ids = Array.from({ length: nodes }, (_, index) => `n${index}`);
  for (const [index, id] of ids.entries()) {
    const peers = Array.from({ length: 50 }, () => ids[Math.floor(random.next() * nodes)]!);
    const rttMs = new Map(peers.map((peer) => [peer, 1 + 20 * random.next()]));
    const hardware = { gpuCount: 1, device: 'cuda', ...KINDS[index % KINDS.length]! };
    live.handle({ type: 'join', node: createNode({ id, hardware, rttMs, maxSequenceLength: 512 }) }, 0);
  }
  const took: number[] = [];
  const endMs = performance.now() + forMs;
  for (let request = 0; performance.now() < endMs; request++) {
    const startedMs = performance.now();
    live.handle({ type: 'request', requestId: `r${request}` }, 0);
    live.handle({ type: 'end', requestId: `r${request - IN_FLIGHT}` }, 0);
    took.push(performance.now() - startedMs);
  }
  const sorted = took.slice(took.length >> 2).sort((one, other) => one - other);
  const at = (share: number) => 1000 * sorted[Math.floor(share * (sorted.length - 1))]!;
  return {
    routing,
    nodes,
    pipelines: live.status().pipelines.length,
    decisionsPerSecond: Math.round((1000 * sorted.length) / sorted.reduce((sum, ms) => sum + ms, 0)),
    microsPerDecision: { p50: Math.round(at(0.5)), p99: Math.round(at(0.99)) },
  };
}

export function measureRoutings(nodes = 1_000, forMs = 2_000): readonly RoutingRow[] {
  return PIPELINE_ROUTING_NAMES.map((name) => measureRouting(name, nodes, forMs));
}

if (import.meta.main) console.log(JSON.stringify(measureRoutings(), undefined, 2));
