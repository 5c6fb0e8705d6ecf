/** A llama model with seeded random weights and a byte-level vocabulary: a few hundred KB that llama.cpp really runs. */

import { type Random, seededRandom } from '../../src/domain/index.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './gguf-writer.ts';

export interface TinyGgufOptions {
  readonly seed?: number;
  readonly contextTokens?: number;
  readonly name?: string;
  /** A Jinja chat template to put into the file; none when absent. */
  readonly chatTemplate?: string;
  /** How likely the model is to end its text: 0 is about as likely as a letter, negative less. */
  readonly endOfTextLogit?: number;
  /** Whether it writes only printable ASCII (default), or any byte. */
  readonly printable?: boolean;
}

/** Token ids: a byte is its own id, the special tokens follow. */
export const END_OF_TEXT_TOKEN = 256;
export const SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;
export const CHATML_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const EMBEDDING = 64;
const FEED_FORWARD = 128;
const HEADS = 4;
const LAYERS = 2;
const VOCABULARY = 256 + SPECIAL_TOKENS.length;

/** The bytes of the model; the same options give the same bytes. */
export function tinyGguf(options: TinyGgufOptions = {}): Uint8Array {
  return writeGguf(metadata(options), tensors(options));
}

function metadata(options: TinyGgufOptions): Record<string, GgufValue> {
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  return {
    'general.architecture': string('llama'),
    'general.name': string(options.name ?? 'tiny random'),
    'general.file_type': uint32(0),
    'llama.context_length': uint32(options.contextTokens ?? 512),
    'llama.embedding_length': uint32(EMBEDDING),
    'llama.block_count': uint32(LAYERS),
    'llama.feed_forward_length': uint32(FEED_FORWARD),
    'llama.attention.head_count': uint32(HEADS),
    'llama.attention.head_count_kv': uint32(HEADS),
    'llama.rope.dimension_count': uint32(EMBEDDING / HEADS),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    'llama.vocab_size': uint32(VOCABULARY),
    'tokenizer.ggml.model': string('gpt2'),
    'tokenizer.ggml.pre': string('gpt-2'),
    'tokenizer.ggml.tokens': { type: 'strings', value: [...byteTokens(), ...SPECIAL_TOKENS] },
    'tokenizer.ggml.token_type': { type: 'int32s', value: tokenTypes() },
    'tokenizer.ggml.merges': { type: 'strings', value: [] },
    'tokenizer.ggml.bos_token_id': uint32(END_OF_TEXT_TOKEN),
    'tokenizer.ggml.eos_token_id': uint32(END_OF_TEXT_TOKEN),
    'tokenizer.ggml.eot_token_id': uint32(END_OF_TEXT_TOKEN + 2),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: false },
    ...(options.chatTemplate !== undefined && {
      'tokenizer.chat_template': string(options.chatTemplate),
    }),
  };
}

/** GPT-2 writes each byte as one visible character: itself where it is one, else the next free one from U+0100 on. */
function byteTokens(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isVisible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
    return String.fromCodePoint(isVisible ? byte : next++);
  });
}

function tokenTypes(): number[] {
  const [normal, control] = [1, 3];
  return Array.from({ length: VOCABULARY }, (_, token) => (token < 256 ? normal : control));
}

/**
 * The first element of the residual stream is the same for every token and no layer writes to it, so the first column of the output
 * matrix acts as a bias: that is how a random model can be told to write printable text and when to end it.
 */
function tensors(options: TinyGgufOptions): GgufTensor[] {
  const random = seededRandom(options.seed ?? 1);
  const embedding = matrix(random, EMBEDDING, VOCABULARY, 1);
  const output = matrix(random, EMBEDDING, VOCABULARY, 0.5);
  for (let token = 0; token < VOCABULARY; token++) {
    embedding[token * EMBEDDING] = 4;
    output[token * EMBEDDING] = outputBias(token, options);
  }
  return [
    { name: 'token_embd.weight', dimensions: [EMBEDDING, VOCABULARY], data: embedding },
    ...Array.from({ length: LAYERS }, (_, layer) => layerTensors(random, `blk.${layer}`)).flat(),
    { name: 'output_norm.weight', dimensions: [EMBEDDING], data: ones() },
    { name: 'output.weight', dimensions: [EMBEDDING, VOCABULARY], data: output },
  ];
}

function outputBias(token: number, options: TinyGgufOptions): number {
  const never = -100;
  if (token === END_OF_TEXT_TOKEN) return options.endOfTextLogit ?? never;
  if (token > END_OF_TEXT_TOKEN) return never;
  return options.printable === false || (token >= 32 && token <= 126) ? 0 : never;
}

function layerTensors(random: Random, prefix: string): GgufTensor[] {
  const square = [EMBEDDING, EMBEDDING];
  const weights = (part: string, dimensions: readonly number[], scale: number): GgufTensor => ({
    name: `${prefix}.${part}.weight`,
    dimensions,
    data: matrix(random, dimensions[0]!, dimensions[1]!, scale),
  });
  return [
    { name: `${prefix}.attn_norm.weight`, dimensions: [EMBEDDING], data: ones() },
    blindToBias(weights('attn_q', square, 0.5)),
    blindToBias(weights('attn_k', square, 0.5)),
    blindToBias(weights('attn_v', square, 0.5)),
    sparingBias(weights('attn_output', square, 0.5)),
    { name: `${prefix}.ffn_norm.weight`, dimensions: [EMBEDDING], data: ones() },
    blindToBias(weights('ffn_gate', [EMBEDDING, FEED_FORWARD], 0.5)),
    blindToBias(weights('ffn_up', [EMBEDDING, FEED_FORWARD], 0.5)),
    sparingBias(weights('ffn_down', [FEED_FORWARD, EMBEDDING], 0.5)),
  ];
}

/** Writes nothing to the first element of the residual stream. */
function sparingBias(tensor: GgufTensor): GgufTensor {
  tensor.data.fill(0, 0, tensor.dimensions[0]);
  return tensor;
}

/** Does not read the first element, which would drown what differs between tokens. */
function blindToBias(tensor: GgufTensor): GgufTensor {
  for (let index = 0; index < tensor.data.length; index += tensor.dimensions[0]!) tensor.data[index] = 0;
  return tensor;
}

/** Numbers from -scale to scale. */
function matrix(random: Random, columns: number, rows: number, scale: number): Float32Array {
  return Float32Array.from({ length: columns * rows }, () => (random.next() * 2 - 1) * scale);
}

function ones(): Float32Array {
  return new Float32Array(EMBEDDING).fill(1);
}
