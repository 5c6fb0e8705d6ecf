/** Writes GGUF version 3, the file format of llama.cpp (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */

export type GgufValue =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] };

/** A tensor of 32-bit floats; the first dimension is the one whose elements lie next to each other. */
export interface GgufTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly data: Float32Array;
}

const ALIGNMENT_BYTES = 32;
const GGML_TYPE_F32 = 0;
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

export function writeGguf(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Uint8Array {
  const entries = Object.entries(metadata);
  const head = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(entries.length)];
  const pairs = entries.flatMap(([key, value]) => [string(key), encodeValue(value)]);

  let offset = 0;
  const infos: Buffer[] = [];
  const blocks: Buffer[] = [];
  for (const tensor of tensors) {
    infos.push(tensorInfo(tensor, offset));
    const block = padded(Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
    blocks.push(block);
    offset += block.length;
  }
  return Buffer.concat([padded(Buffer.concat([...head, ...pairs, ...infos])), ...blocks]);
}

function tensorInfo(tensor: GgufTensor, offset: number): Buffer {
  const elements = tensor.dimensions.reduce((product, size) => product * size, 1);
  if (elements !== tensor.data.length) {
    throw new Error(`${tensor.name} has ${tensor.data.length} elements, its dimensions say ${elements}`);
  }
  const dimensions = tensor.dimensions.map(uint64);
  return Buffer.concat([
    string(tensor.name),
    uint32(dimensions.length),
    ...dimensions,
    uint32(GGML_TYPE_F32),
    uint64(offset),
  ]);
}

function encodeValue(value: GgufValue): Buffer {
  switch (value.type) {
    case 'uint32':
    case 'int32':
    case 'float32':
      return Buffer.concat([uint32(VALUE_TYPES[value.type]), number(value.type, value.value)]);
    case 'bool':
      return Buffer.concat([uint32(VALUE_TYPES.bool), Buffer.of(value.value ? 1 : 0)]);
    case 'string':
      return Buffer.concat([uint32(VALUE_TYPES.string), string(value.value)]);
    case 'strings':
      return array('string', value.value.map(string));
    case 'int32s':
      return array(
        'int32',
        value.value.map((item) => number('int32', item)),
      );
    default:
      throw new Error(`unknown GGUF value ${JSON.stringify(value satisfies never)}`);
  }
}

function array(itemType: 'string' | 'int32', items: readonly Buffer[]): Buffer {
  const head = [uint32(VALUE_TYPES.array), uint32(VALUE_TYPES[itemType]), uint64(items.length)];
  return Buffer.concat([...head, ...items]);
}

function number(type: 'uint32' | 'int32' | 'float32', value: number): Buffer {
  const buffer = Buffer.alloc(4);
  if (type === 'float32') buffer.writeFloatLE(value);
  else if (type === 'int32') buffer.writeInt32LE(value);
  else buffer.writeUInt32LE(value);
  return buffer;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  return number('uint32', value);
}

function uint64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function padded(block: Buffer): Buffer {
  const missing = (ALIGNMENT_BYTES - (block.length % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES;
  return Buffer.concat([block, Buffer.alloc(missing)]);
}
