/** A recorded fleet of Parallax, and what a check finds in it. */

import {
  createModelInfo,
  createNode,
  type ModelInfo,
  NodeRegistry,
  type PipelineNode,
} from '../../../src/pipeline/index.ts';

export interface RecordedModel {
  readonly model_name: string;
  readonly [field: string]: string | number | boolean | null;
}

export interface RecordedHardware {
  readonly num_gpus: number;
  readonly tflops_fp16: number;
  readonly gpu_name: string;
  readonly memory_gb: number;
  readonly memory_bandwidth_gbps: number;
  readonly device: string;
}

export interface RecordedNode {
  readonly node_id: string;
  readonly hardware: RecordedHardware;
  readonly kvcache_mem_ratio: number;
  readonly param_mem_ratio: number;
  readonly max_concurrent_requests: number | null;
  readonly max_sequence_length: number;
}

export interface RecordedLoad {
  readonly current_requests?: number;
  readonly avg_layer_latency_ms?: number | null;
  readonly is_active?: boolean;
}

export interface RecordedError {
  readonly error: { readonly type: string; readonly message: string };
}

/** Layers of each node; null: none. */
export type RecordedRanges = Readonly<Record<string, readonly [number, number] | null>>;

export interface FleetRecord {
  readonly id: string;
  readonly kind: string;
  readonly model: RecordedModel;
  readonly nodes: readonly RecordedNode[];
  readonly rtt: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly loads: Readonly<Record<string, RecordedLoad>>;
  readonly water_filling_max_iterations?: number;
  readonly expect: Readonly<Record<string, unknown>>;
}

/** What a check of one section of a record found. */
export interface Findings {
  readonly differences: readonly string[];
  /** Of a fault that the record encodes, its number in the specification and where it shows. */
  readonly faults: readonly string[];
}

export type Check = (record: FleetRecord) => Findings;

/** Collects what differs, each with its place. */
export class Comparison implements Findings {
  readonly differences: string[] = [];
  readonly faults: string[] = [];

  same(place: string, found: unknown, expected: unknown): void {
    const [ours, theirs] = [found, expected].map((value) => JSON.stringify(value, spelled));
    if (ours !== theirs) this.differences.push(`${place}: found ${ours}, expected ${theirs}`);
  }

  fault(fault: string): void {
    if (!this.faults.includes(fault)) this.faults.push(fault);
  }
}

/** As the records spell numbers that JSON has none of. */
function spelled(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

const MODEL_FIELDS: Readonly<Record<string, keyof ModelInfo>> = {
  head_size: 'headSize',
  hidden_dim: 'hiddenDim',
  intermediate_dim: 'intermediateDim',
  num_attention_heads: 'numAttentionHeads',
  num_kv_heads: 'numKvHeads',
  vocab_size: 'vocabSize',
  num_layers: 'numLayers',
  ffn_num_projections: 'ffnNumProjections',
  num_local_experts: 'numLocalExperts',
  num_experts_per_tok: 'numExpertsPerToken',
  moe_intermediate_dim: 'moeIntermediateDim',
  tie_embedding: 'tieEmbedding',
  param_bytes_per_element: 'paramBytesPerElement',
  mlx_param_bytes_per_element: 'mlxParamBytesPerElement',
  cache_bytes_per_element: 'cacheBytesPerElement',
  embedding_bytes_per_element: 'embeddingBytesPerElement',
  qk_nope_head_dim: 'qkNopeHeadDim',
  qk_rope_head_dim: 'qkRopeHeadDim',
  v_head_dim: 'vHeadDim',
};

export function modelOf({ model }: Pick<FleetRecord, 'model'>): ModelInfo {
  const fields = Object.entries(MODEL_FIELDS)
    .filter(([recorded]) => (model[recorded] ?? null) !== null)
    .map(([recorded, field]) => [field, model[recorded]]);
  return createModelInfo({ name: model.model_name, ...Object.fromEntries(fields) });
}

export function nodeOf(recorded: RecordedNode, rtt: Readonly<Record<string, number>> = {}): PipelineNode {
  return createNode(fieldsOf(recorded, rtt));
}

/** A node that we refuse to make, for what can be compared of it all the same. */
export function uncheckedNodeOf(recorded: RecordedNode): PipelineNode {
  const hardware = {
    gpuName: 'any',
    gpuCount: 1,
    tflopsFp16: 1,
    memoryGb: 1,
    memoryBandwidthGBps: 1,
    device: '',
  };
  return { ...createNode({ id: recorded.node_id, hardware }), ...fieldsOf(recorded, {}) };
}

function fieldsOf(recorded: RecordedNode, rtt: Readonly<Record<string, number>>) {
  const { hardware, max_concurrent_requests: most } = recorded;
  return {
    id: recorded.node_id,
    hardware: {
      gpuName: hardware.gpu_name,
      gpuCount: hardware.num_gpus,
      tflopsFp16: hardware.tflops_fp16,
      memoryGb: hardware.memory_gb,
      memoryBandwidthGBps: hardware.memory_bandwidth_gbps,
      device: hardware.device,
    },
    kvCacheMemoryShare: recorded.kvcache_mem_ratio,
    paramMemoryShare: recorded.param_mem_ratio,
    maxConcurrentRequests: most ?? undefined,
    maxSequenceLength: recorded.max_sequence_length,
    rttMs: new Map(Object.entries(rtt)),
  };
}

export function nodesOf(record: FleetRecord): readonly PipelineNode[] {
  return record.nodes.map((node) => nodeOf(node, record.rtt[node.node_id]));
}

/** The fleet in the order of the record, each node with the layers that `ranges` gives it. */
export function registryOf(record: FleetRecord, ranges: RecordedRanges = {}): NodeRegistry {
  const registry = new NodeRegistry(modelOf(record));
  for (const node of nodesOf(record)) registry.add(node);
  for (const [nodeId, range] of Object.entries(ranges)) {
    if (range !== null && range !== undefined) registry.allocate(nodeId, { start: range[0], end: range[1] });
  }
  return registry;
}

export function applyLoads(registry: NodeRegistry, loads: FleetRecord['loads']): void {
  for (const [nodeId, load] of Object.entries(loads)) {
    registry.update(nodeId, {
      ...(load.current_requests !== undefined && { currentRequests: load.current_requests }),
      ...(typeof load.avg_layer_latency_ms === 'number' && {
        measuredLayerLatencyMs: load.avg_layer_latency_ms,
      }),
      ...(load.is_active !== undefined && { isActive: load.is_active }),
    });
  }
}

export function isError(value: unknown): value is RecordedError {
  return typeof value === 'object' && value !== null && 'error' in value;
}

/** Where Parallax divides by a figure of 0, which ours refuses as a field of a node. */
export const ZERO_DIVISION = 'no number: a division by zero (sections 2 and 4)';

export function isZeroDivision(value: unknown): boolean {
  return isError(value) && value.error.type === 'ZeroDivisionError';
}
