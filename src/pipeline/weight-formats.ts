/** Bytes of one weight, by what a `config.json` says of its format. */

/** By `quant_method`; of most, block scales are small enough to leave out. */
const BYTES_BY_METHOD: Readonly<Record<string, number>> = {
  fp8: 1,
  fbgemm_fp8: 1,
  // Blocks of 32 four-bit numbers share eight bits of scale (OCP Microscaling Formats 1.0, section 5).
  mxfp4: 4.25 / 8,
  int4: 0.5,
  awq: 0.5,
  gptq: 0.5,
  'compressed-tensors': 0.5,
};

const BYTES_BY_TYPE: Readonly<Record<string, number>> = { float32: 4, float16: 2, bfloat16: 2 };

const OTHER_METHOD = 1;
const UNQUANTISED = 2;

export function bytesPerWeight(config: Readonly<Record<string, unknown>>): number {
  const { quantization_config: ofTransformers, quantization: ofMlx } = config;
  const quantisation = asRecord(ofTransformers) ?? asRecord(ofMlx);
  if (quantisation === undefined) {
    const type = config.dtype ?? config.torch_dtype;
    return (typeof type === 'string' ? BYTES_BY_TYPE[type] : undefined) ?? UNQUANTISED;
  }
  const { bits, load_in_4bit: isFourBit, load_in_8bit: isEightBit, quant_method: method } = quantisation;
  if (typeof bits === 'number' && bits > 0) return bits / 8;
  if (isFourBit === true) return 0.5;
  if (isEightBit === true) return 1;
  return (typeof method === 'string' ? BYTES_BY_METHOD[method] : undefined) ?? OTHER_METHOD;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
