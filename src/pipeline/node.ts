/** A machine that can hold layers: its hardware, and what is known of its state. */

import { checkNumber, invalid } from './checks.ts';
import type { LayerRange } from './layer-range.ts';

export interface NodeHardware {
  readonly gpuName: string;
  readonly gpuCount: number;
  /** Of one GPU: its dense FP16 throughput without sparsity. */
  readonly tflopsFp16: number;
  /** Of one GPU, in GiB. */
  readonly memoryGb: number;
  /** Of one GPU's memory, in GB/s. */
  readonly memoryBandwidthGBps: number;
  /** What runs there: `mlx` nodes hold the model's MLX weights. */
  readonly device: string;
}

/** Immutable; `createNode` fills in the defaults, `withNode` makes a changed one. */
export interface PipelineNode {
  readonly id: string;
  readonly hardware: NodeHardware;
  /** The part of the memory that is for the KV cache. */
  readonly kvCacheMemoryShare: number;
  /** The part of the memory that is for weights. */
  readonly paramMemoryShare: number;
  /** The most requests at once; undefined: as many as the KV cache holds. */
  readonly maxConcurrentRequests?: number | undefined;
  readonly maxSequenceLength: number;
  /** The layers it holds; absent: none. */
  readonly range?: LayerRange;
  /** Its range was given by a person, and no planner changes it. */
  readonly isManual: boolean;
  readonly currentRequests: number;
  readonly isActive: boolean;
  readonly lastHeartbeatMs: number;
  readonly lastRefitMs: number;
  /** Measured time of one layer; absent until the node reports one. */
  readonly measuredLayerLatencyMs?: number;
  /** What a full node's measured latency is raised by, in ms. */
  readonly loadCompensatorMs: number;
  /** Round-trip times to other nodes, as it measured them. */
  readonly rttMs: ReadonlyMap<string, number>;
  readonly usdPerHour?: number;
  /** Site, owner, and whatever else pipelines are kept apart by. */
  readonly labels: Readonly<Record<string, string>>;
}

export type PipelineNodeInit = Pick<PipelineNode, 'id' | 'hardware'> & Partial<PipelineNode>;

const DEFAULTS = {
  kvCacheMemoryShare: 0.3,
  paramMemoryShare: 0.5,
  maxConcurrentRequests: 16,
  maxSequenceLength: 4096,
  isManual: false,
  currentRequests: 0,
  isActive: true,
  lastHeartbeatMs: 0,
  lastRefitMs: 0,
  loadCompensatorMs: 0.05,
  rttMs: new Map<string, number>(),
  labels: Object.freeze({}),
} as const;

/** @throws {SignalboxError} `invalid_value` for a field that makes no sense */
export function createNode(init: PipelineNodeInit): PipelineNode {
  const node: PipelineNode = Object.freeze({ ...DEFAULTS, ...init });
  checkNode(node);
  return node;
}

/** The node with some fields changed; a field set to `undefined` is left out. */
export function withNode(
  node: PipelineNode,
  changes: { readonly [Field in keyof PipelineNode]?: PipelineNode[Field] | undefined },
): PipelineNode {
  const merged = Object.entries({ ...node, ...changes }).filter(([, value]) => value !== undefined);
  const changed = Object.freeze(Object.fromEntries(merged)) as unknown as PipelineNode;
  checkNode(changed);
  return changed;
}

function checkNode(node: PipelineNode): void {
  if (typeof node.id !== 'string' || node.id === '') throw invalid('node.id', node.id, 'a name');
  const field = (name: string) => `nodes[${node.id}].${name}`;
  const { hardware } = node;
  checkNumber(field('hardware.gpuCount'), hardware.gpuCount, { min: 1, isWhole: true });
  checkNumber(field('hardware.tflopsFp16'), hardware.tflopsFp16, { above: 0 });
  checkNumber(field('hardware.memoryGb'), hardware.memoryGb, { above: 0 });
  checkNumber(field('hardware.memoryBandwidthGBps'), hardware.memoryBandwidthGBps, { above: 0 });
  checkNumber(field('kvCacheMemoryShare'), node.kvCacheMemoryShare, { min: 0, max: 1 });
  checkNumber(field('paramMemoryShare'), node.paramMemoryShare, { min: 0, max: 1 });
  checkNumber(field('maxSequenceLength'), node.maxSequenceLength, { min: 1, isWhole: true });
  checkNumber(field('currentRequests'), node.currentRequests, { min: 0, isWhole: true });
  checkNumber(field('loadCompensatorMs'), node.loadCompensatorMs, { min: 0 });
  checkOptional(field('maxConcurrentRequests'), node.maxConcurrentRequests, { min: 1, isWhole: true });
  checkOptional(field('measuredLayerLatencyMs'), node.measuredLayerLatencyMs, {
    min: 0,
    mayBeInfinite: true,
  });
  checkOptional(field('usdPerHour'), node.usdPerHour, { min: 0 });
  if (node.range !== undefined) checkRange(field('range'), node.range);
  for (const [peer, rttMs] of node.rttMs) {
    checkNumber(field(`rttMs[${peer}]`), rttMs, { min: 0, mayBeInfinite: true });
  }
}

function checkOptional(field: string, value: number | undefined, bounds: Parameters<typeof checkNumber>[2]) {
  if (value !== undefined) checkNumber(field, value, bounds);
}

function checkRange(field: string, { start, end }: LayerRange): void {
  checkNumber(`${field}.start`, start, { min: 0, isWhole: true });
  checkNumber(`${field}.end`, end, { min: start + 1, isWhole: true });
}
