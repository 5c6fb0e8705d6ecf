/** Sizes and work of the model; capacities and rooflines of the nodes. */

import {
  BOTH_ENDS,
  EMBEDDING_ONLY,
  embeddingBytes,
  keyDim,
  keyHeadSize,
  kvBytesPerTokenPerLayer,
  kvReadBytes,
  LM_HEAD_ONLY,
  layerCapacity,
  mlxBitFactor,
  NO_ENDS,
  parallaxExperts,
  parallaxLayerFlops,
  parallaxLayerReadBytes,
  parallaxLmHeadFlops,
  parallaxRooflineMs,
  queryDim,
  storageBytesPerLayer,
  valueDim,
  valueHeadSize,
} from '../../../src/pipeline/index.ts';
import {
  Comparison,
  type FleetRecord,
  isZeroDivision,
  modelOf,
  uncheckedNodeOf,
  ZERO_DIVISION,
} from './record.ts';

type Shape = Readonly<Record<string, number | null>>;

export function checkModel(record: FleetRecord): Comparison {
  const found = new Comparison();
  const { shapes, ...sizes } = record.expect.model as { shapes: readonly Shape[] } & Record<string, unknown>;
  const model = modelOf(record);
  const ours: Readonly<Record<string, number>> = {
    q_dim: queryDim(model),
    k_dim: keyDim(model),
    v_dim: valueDim(model),
    head_size_k: keyHeadSize(model),
    head_size_v: valueHeadSize(model),
    mlx_bit_factor: mlxBitFactor(model),
    embedding_io_bytes: embeddingBytes(model),
    per_token_per_layer_kv_size: kvBytesPerTokenPerLayer(model),
    decoder_layer_io_bytes_params: storageBytesPerLayer(model),
  };
  for (const [name, expected] of Object.entries(sizes)) found.same(`model.${name}`, ours[name], expected);
  for (const [index, shape] of shapes.entries()) {
    const work = {
      batchSize: shape.batch_size!,
      targetLength: shape.target_seq_len!,
      sourceLength: shape.source_seq_len!,
    };
    const figures: Shape = {
      expected_experts: parallaxExperts(model, work) ?? null,
      decoder_layer_flops: parallaxLayerFlops(model, work),
      decoder_layer_io_bytes: parallaxLayerReadBytes(model, work),
      kv_bytes: kvReadBytes(model, work),
      lm_head_flops: parallaxLmHeadFlops(model, work.targetLength),
    };
    for (const [name, figure] of Object.entries(figures)) {
      found.same(`model.shapes[${index}].${name}`, figure, shape[name]);
    }
  }
  return found;
}

interface RecordedFigures {
  readonly capacity: unknown;
  /** Of some nodes only. */
  readonly roofline?: readonly {
    readonly batch_size: number;
    readonly target_seq_len: number;
    readonly source_seq_len: number;
    readonly layers: number;
    readonly embed: boolean;
    readonly lm_head: boolean;
    readonly quantization_speedup: number;
    readonly ms: unknown;
  }[];
}

export function checkNodes(record: FleetRecord): Comparison {
  const found = new Comparison();
  const model = modelOf(record);
  const figures = record.expect.nodes as Readonly<Record<string, RecordedFigures>>;
  for (const recorded of record.nodes) {
    const node = uncheckedNodeOf(recorded);
    const { capacity, roofline = [] } = figures[node.id]!;
    const ours = {
      plain: layerCapacity(node, model, NO_ENDS),
      embed: layerCapacity(node, model, EMBEDDING_ONLY),
      lm_head: layerCapacity(node, model, LM_HEAD_ONLY),
      both: layerCapacity(node, model, BOTH_ENDS),
    };
    found.same(`nodes.${node.id}.capacity`, ours, capacity);
    for (const [index, at] of roofline.entries()) {
      if (isZeroDivision(at.ms)) {
        found.fault(`nodes.roofline: ${ZERO_DIVISION}`);
        continue;
      }
      const ms = parallaxRooflineMs(node, model, {
        batchSize: at.batch_size,
        targetLength: at.target_seq_len,
        sourceLength: at.source_seq_len,
        layers: at.layers,
        embedding: at.embed,
        lmHead: at.lm_head,
        speedup: at.quantization_speedup,
      });
      found.same(`nodes.${node.id}.roofline[${index}].ms`, ms, at.ms);
    }
  }
  return found;
}
