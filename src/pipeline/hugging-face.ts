/** Reads a model's architecture from the `config.json` that Hugging Face's models come with. */

import { SignalboxError } from '../domain/errors.ts';
import { checkNumber } from './checks.ts';
import { createModelInfo, type ModelInfo, type ModelInfoInit } from './model-info.ts';
import { attentionBytes, ffnInnerDim } from './model-sizes.ts';
import { bytesPerWeight } from './weight-formats.ts';

export type HuggingFaceConfig = Readonly<Record<string, unknown>>;

export interface HuggingFaceOptions {
  /** Otherwise the name that the file gives, or its architecture's. */
  readonly name?: string;
  /** The `config.json` of the weights for MLX nodes, where they are others. */
  readonly mlxConfig?: HuggingFaceConfig;
  /** Of the KV cache; 2 unless the file says otherwise. */
  readonly cacheBytesPerElement?: number;
}

/** Each field of ours, and the names under which architectures keep it; the first that is there counts. */
const REQUIRED = {
  numLayers: ['num_hidden_layers'],
  hiddenDim: ['hidden_size'],
  intermediateDim: ['intermediate_size', 'moe_intermediate_size'],
  numAttentionHeads: ['num_attention_heads'],
  vocabSize: ['vocab_size'],
} as const;

const OPTIONAL = {
  headSize: ['head_dim'],
  numKvHeads: ['num_key_value_heads', 'num_attention_groups'],
  numLocalExperts: ['num_local_experts', 'num_experts', 'n_routed_experts'],
  numExpertsPerToken: ['num_experts_per_tok', 'experts_per_token'],
  moeIntermediateDim: ['moe_intermediate_size'],
  numSharedExperts: ['n_shared_experts', 'num_shared_experts'],
  qkNopeHeadDim: ['qk_nope_head_dim'],
  qkRopeHeadDim: ['qk_rope_head_dim'],
  vHeadDim: ['v_head_dim'],
  kvLoraRank: ['kv_lora_rank'],
  qLoraRank: ['q_lora_rank'],
} as const;

/** Architectures whose feed-forward blocks have no gate. */
const UNGATED: ReadonlySet<unknown> = new Set(['gpt_neox', 'nemotron', 'phi', 'starcoder2']);

/** @throws {SignalboxError} `missing_field` with every field that the architecture would need, `invalid_value` for a wrong one */
export function modelInfoFromHuggingFace(
  file: HuggingFaceConfig,
  options: HuggingFaceOptions = {},
): ModelInfo {
  const config = languageModelOf(file);
  const required = readNumbers(config, REQUIRED);
  refuseIncomplete(config, required);
  const optional = readNumbers(config, OPTIONAL);
  const paramBytes = bytesPerWeight(config);
  const init = withoutUndefined({
    ...required,
    ...optional,
    ...expertsOf(config, optional),
    name: options.name ?? nameOf(file, config),
    headSize: optional.headSize ?? headSizeOf(required, optional),
    numKvHeads: optional.numKvHeads ?? required.numAttentionHeads,
    ffnNumProjections: UNGATED.has(config.model_type) ? 2 : 3,
    tieEmbedding: config.tie_word_embeddings === true || file.tie_word_embeddings === true,
    paramBytesPerElement: paramBytes,
    mlxParamBytesPerElement:
      options.mlxConfig === undefined ? paramBytes : bytesPerWeight(languageModelOf(options.mlxConfig)),
    cacheBytesPerElement: options.cacheBytesPerElement ?? 2,
    embeddingBytesPerElement: 2,
  }) as unknown as ModelInfoInit;
  return withDenseLayers(createModelInfo(init), config);
}

/** Of models that also see or hear, the part that speaks. */
function languageModelOf(file: HuggingFaceConfig): HuggingFaceConfig {
  const inner = file.text_config ?? file.llm_config ?? file.language_config;
  if (typeof inner !== 'object' || inner === null) return file;
  return { ...file, ...(inner as HuggingFaceConfig) };
}

type Numbers<Fields> = { readonly [Field in keyof Fields]: number | undefined };

function readNumbers<Fields extends Readonly<Record<string, readonly string[]>>>(
  config: HuggingFaceConfig,
  fields: Fields,
): Numbers<Fields> {
  const numbers = Object.entries(fields).map(([field, names]) => {
    const name = names.find((each) => (config[each] ?? null) !== null);
    if (name === undefined) return [field, undefined];
    checkNumber(name, config[name], { min: 0, isWhole: true });
    return [field, config[name]];
  });
  return Object.fromEntries(numbers) as Numbers<Fields>;
}

function refuseIncomplete(config: HuggingFaceConfig, required: Numbers<typeof REQUIRED>): void {
  const missing = (Object.keys(REQUIRED) as (keyof typeof REQUIRED)[]).filter(
    (field) => required[field] === undefined,
  );
  if (missing.length === 0) return;
  const names = missing.map((field) => REQUIRED[field].join(' or '));
  const message = `config.json of architecture ${architectureOf(config)} has no ${names.join(', no ')}.`;
  throw new SignalboxError('missing_field', message, { param: REQUIRED[missing[0]!][0] });
}

function headSizeOf(
  { hiddenDim = 0, numAttentionHeads = 0 }: Numbers<typeof REQUIRED>,
  { qkNopeHeadDim, qkRopeHeadDim }: Numbers<typeof OPTIONAL>,
): number {
  if (qkNopeHeadDim !== undefined && qkRopeHeadDim !== undefined) return qkNopeHeadDim + qkRopeHeadDim;
  return numAttentionHeads === 0 ? 0 : Math.floor(hiddenDim / numAttentionHeads);
}

/** Dense models may carry fields of experts that say 0 or 1. */
function expertsOf(config: HuggingFaceConfig, optional: Numbers<typeof OPTIONAL>) {
  if ((optional.numLocalExperts ?? 0) <= 1) {
    return {
      numLocalExperts: undefined,
      numExpertsPerToken: undefined,
      moeIntermediateDim: undefined,
      numSharedExperts: undefined,
    };
  }
  const sharedSize = config.shared_expert_intermediate_size;
  const size = optional.moeIntermediateDim;
  if (optional.numSharedExperts !== undefined || typeof sharedSize !== 'number' || !size) return {};
  return { numSharedExperts: Math.ceil(sharedSize / size) };
}

/** Layers of a mixture of experts that have one dense block instead: the first ones, or those that are listed. */
function withDenseLayers(model: ModelInfo, config: HuggingFaceConfig): ModelInfo {
  if (model.numLocalExperts === undefined) return model;
  const first = typeof config.first_k_dense_replace === 'number' ? config.first_k_dense_replace : 0;
  const listed: unknown = config.mlp_only_layers;
  const isDense = (layer: number) => layer < first || (Array.isArray(listed) && listed.includes(layer));
  const layers = Array.from({ length: model.numLayers }, (_, layer) => layer);
  if (!layers.some(isDense)) return model;
  const { paramBytesPerElement, ffnNumProjections, hiddenDim, intermediateDim } = model;
  const attention = attentionBytes(model);
  const block = paramBytesPerElement * ffnNumProjections * hiddenDim;
  const blockBytes = (blocks: number) => block * ffnInnerDim(model) * blocks;
  const sparse = attention + blockBytes(model.numLocalExperts + model.numSharedExperts);
  const active = attention + blockBytes(model.numExpertsPerToken! + model.numSharedExperts);
  const dense = attention + block * intermediateDim;
  return createModelInfo({
    ...model,
    layerMemoryBytes: layers.map((layer) => (isDense(layer) ? dense : sparse)),
    layerComputeCost: layers.map((layer) => (isDense(layer) ? dense / active : 1)),
  });
}

function nameOf(file: HuggingFaceConfig, config: HuggingFaceConfig): string {
  const name = file._name_or_path;
  return typeof name === 'string' && name !== '' ? name : architectureOf(config);
}

function architectureOf({ architectures, model_type: type }: HuggingFaceConfig): string {
  const first: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  if (typeof first === 'string') return first;
  return typeof type === 'string' ? type : 'unknown';
}

function withoutUndefined(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
