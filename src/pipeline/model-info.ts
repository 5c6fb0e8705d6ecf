/** A model's architecture, as far as memory and time depend on it. */

import { checkNumber, invalid } from './checks.ts';

/** Immutable; made by `createModelInfo` or `modelInfoFromHuggingFace`. */
export interface ModelInfo {
  readonly name: string;
  /** The name of the weights for MLX nodes, where they are others. */
  readonly mlxName?: string;
  readonly numLayers: number;
  readonly hiddenDim: number;
  readonly intermediateDim: number;
  readonly headSize: number;
  readonly numAttentionHeads: number;
  readonly numKvHeads: number;
  readonly vocabSize: number;
  /** Matrices of a feed-forward block: 3 with a gate, 2 without. */
  readonly ffnNumProjections: number;
  /** Routed experts of a layer; absent for dense models. */
  readonly numLocalExperts?: number;
  readonly numExpertsPerToken?: number;
  /** The inner size of one expert, where it is not `intermediateDim`. */
  readonly moeIntermediateDim?: number;
  /** Experts that every token passes besides the routed ones. */
  readonly numSharedExperts: number;
  /** Whether the input embedding's table is the LM head's as well. */
  readonly tieEmbedding: boolean;
  readonly paramBytesPerElement: number;
  /** The same of the weights for MLX nodes. */
  readonly mlxParamBytesPerElement: number;
  readonly cacheBytesPerElement: number;
  readonly embeddingBytesPerElement: number;
  /** Multi-head latent attention (DeepSeek): a key's part without and with positions, and a value's size, per head. */
  readonly qkNopeHeadDim?: number;
  readonly qkRopeHeadDim?: number;
  readonly vHeadDim?: number;
  /** The latent vector that is kept in the cache in place of keys and values; absent where those are kept whole. */
  readonly kvLoraRank?: number;
  readonly qLoraRank?: number;
  /** Bytes of each layer's weights, where layers are unequal; one entry a layer. */
  readonly layerMemoryBytes?: readonly number[];
  /** Each layer's work relative to the layer that the other fields describe (1 = the same); one entry a layer. */
  readonly layerComputeCost?: readonly number[];
}

type Required =
  | 'name'
  | 'numLayers'
  | 'hiddenDim'
  | 'intermediateDim'
  | 'headSize'
  | 'numAttentionHeads'
  | 'numKvHeads'
  | 'vocabSize';

export type ModelInfoInit = Pick<ModelInfo, Required> & Partial<ModelInfo>;

const DEFAULTS = {
  ffnNumProjections: 3,
  numSharedExperts: 0,
  tieEmbedding: false,
  paramBytesPerElement: 1,
  mlxParamBytesPerElement: 1,
  cacheBytesPerElement: 1,
  embeddingBytesPerElement: 1,
} as const;

const COUNT = { min: 0, isWhole: true } as const;
const SIZE = { above: 0 } as const;

/** What each field may be. Heads and inner size may be 0: a layer may be all of the other kind. */
const BOUNDS = {
  numLayers: { min: 1, isWhole: true },
  hiddenDim: { min: 1, isWhole: true },
  intermediateDim: COUNT,
  headSize: COUNT,
  numAttentionHeads: COUNT,
  numKvHeads: COUNT,
  vocabSize: COUNT,
  ffnNumProjections: COUNT,
  numLocalExperts: { min: 1, isWhole: true },
  numExpertsPerToken: { min: 1, isWhole: true },
  moeIntermediateDim: COUNT,
  numSharedExperts: COUNT,
  paramBytesPerElement: SIZE,
  mlxParamBytesPerElement: SIZE,
  cacheBytesPerElement: SIZE,
  embeddingBytesPerElement: SIZE,
  qkNopeHeadDim: COUNT,
  qkRopeHeadDim: COUNT,
  vHeadDim: COUNT,
  kvLoraRank: { min: 1, isWhole: true },
  qLoraRank: { min: 1, isWhole: true },
} as const;

const OPTIONAL: ReadonlySet<string> = new Set([
  'numLocalExperts',
  'numExpertsPerToken',
  'moeIntermediateDim',
  'qkNopeHeadDim',
  'qkRopeHeadDim',
  'vHeadDim',
  'kvLoraRank',
  'qLoraRank',
]);

/** @throws {SignalboxError} `invalid_value` for a field that makes no sense */
export function createModelInfo(init: ModelInfoInit): ModelInfo {
  const model: ModelInfo = Object.freeze({ ...DEFAULTS, ...init });
  for (const [field, bounds] of Object.entries(BOUNDS)) {
    const value = model[field as keyof typeof BOUNDS];
    if (value !== undefined || !OPTIONAL.has(field)) checkNumber(`model.${field}`, value, bounds);
  }
  checkExperts(model);
  checkPerLayer('layerMemoryBytes', model.layerMemoryBytes, model.numLayers);
  checkPerLayer('layerComputeCost', model.layerComputeCost, model.numLayers);
  return model;
}

function checkExperts({ numLocalExperts, numExpertsPerToken }: ModelInfo): void {
  if ((numLocalExperts === undefined) !== (numExpertsPerToken === undefined)) {
    const missing = numLocalExperts === undefined ? 'numLocalExperts' : 'numExpertsPerToken';
    throw invalid(`model.${missing}`, undefined, 'a number of experts as in the field beside it');
  }
  if (numLocalExperts !== undefined) {
    checkNumber('model.numExpertsPerToken', numExpertsPerToken, { min: 1, max: numLocalExperts });
  }
}

function checkPerLayer(field: string, values: readonly number[] | undefined, numLayers: number): void {
  if (values === undefined) return;
  if (values.length !== numLayers) {
    throw invalid(`model.${field}.length`, values.length, `one entry for each of the ${numLayers} layers`);
  }
  for (const [layer, value] of values.entries()) checkNumber(`model.${field}[${layer}]`, value, SIZE);
}
