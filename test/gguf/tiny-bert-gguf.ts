/** A BERT model with seeded random weights: it makes embeddings and cannot generate. */

import { type Random, seededRandom } from '../../src/domain/index.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './gguf-writer.ts';

const EMBEDDING = 32;
const FEED_FORWARD = 64;
const POSITIONS = 64;
/** Word pieces: what begins a word carries `▁`, what continues one does not. */
const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz');
const TOKENS = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  ...LETTERS.map((letter) => `\u2581${letter}`),
  ...LETTERS,
];

export function tinyBertGguf(): Uint8Array {
  const random = seededRandom(3);
  return writeGguf(metadata(), [
    matrix(random, 'token_embd.weight', [EMBEDDING, TOKENS.length]),
    matrix(random, 'position_embd.weight', [EMBEDDING, POSITIONS]),
    matrix(random, 'token_types.weight', [EMBEDDING, 1]),
    ...norm('token_embd_norm'),
    ...linear(random, 'blk.0.attn_q', EMBEDDING, EMBEDDING),
    ...linear(random, 'blk.0.attn_k', EMBEDDING, EMBEDDING),
    ...linear(random, 'blk.0.attn_v', EMBEDDING, EMBEDDING),
    ...linear(random, 'blk.0.attn_output', EMBEDDING, EMBEDDING),
    ...norm('blk.0.attn_output_norm'),
    ...linear(random, 'blk.0.ffn_up', EMBEDDING, FEED_FORWARD),
    ...linear(random, 'blk.0.ffn_down', FEED_FORWARD, EMBEDDING),
    ...norm('blk.0.layer_output_norm'),
  ]);
}

function metadata(): Record<string, GgufValue> {
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  const meanPooling = 1;
  const [normal, unknown, control] = [1, 2, 3];
  const tokenTypes = TOKENS.map((token) =>
    token === '[UNK]' ? unknown : token.startsWith('[') ? control : normal,
  );
  return {
    'general.architecture': string('bert'),
    'general.name': string('tiny random bert'),
    'bert.context_length': uint32(POSITIONS),
    'bert.embedding_length': uint32(EMBEDDING),
    'bert.block_count': uint32(1),
    'bert.feed_forward_length': uint32(FEED_FORWARD),
    'bert.attention.head_count': uint32(2),
    'bert.attention.layer_norm_epsilon': { type: 'float32', value: 1e-6 },
    'bert.attention.causal': { type: 'bool', value: false },
    'bert.pooling_type': uint32(meanPooling),
    'tokenizer.ggml.model': string('bert'),
    'tokenizer.ggml.token_type_count': uint32(1),
    'tokenizer.ggml.tokens': { type: 'strings', value: TOKENS },
    'tokenizer.ggml.token_type': { type: 'int32s', value: tokenTypes },
    'tokenizer.ggml.padding_token_id': uint32(0),
    'tokenizer.ggml.unknown_token_id': uint32(1),
    'tokenizer.ggml.cls_token_id': uint32(2),
    'tokenizer.ggml.seperator_token_id': uint32(3),
    'tokenizer.ggml.mask_token_id': uint32(4),
  };
}

function linear(random: Random, name: string, inputs: number, outputs: number): GgufTensor[] {
  return [
    matrix(random, `${name}.weight`, [inputs, outputs]),
    { name: `${name}.bias`, dimensions: [outputs], data: new Float32Array(outputs) },
  ];
}

function norm(name: string): GgufTensor[] {
  return [
    { name: `${name}.weight`, dimensions: [EMBEDDING], data: new Float32Array(EMBEDDING).fill(1) },
    { name: `${name}.bias`, dimensions: [EMBEDDING], data: new Float32Array(EMBEDDING) },
  ];
}

function matrix(random: Random, name: string, dimensions: readonly [number, number]): GgufTensor {
  const data = Float32Array.from({ length: dimensions[0] * dimensions[1] }, () => random.next() - 0.5);
  return { name, dimensions, data };
}
