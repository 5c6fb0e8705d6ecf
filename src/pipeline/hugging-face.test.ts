import { describe, expect, it } from 'vitest';
import {
  DEEPSEEK_V3,
  GPT_OSS_120B,
  LLAMA_3_1_8B,
  MIXTRAL_8X7B,
  QWEN_2_5_0_5B,
  QWEN_3_30B_A3B,
} from './__fixtures__/configs.ts';
import { type HuggingFaceConfig, modelInfoFromHuggingFace } from './hugging-face.ts';
import { kvBytesPerTokenPerLayer, modelBytes } from './model-sizes.ts';
import { layerFlops } from './work.ts';

/** Billions of weights, where all are of two bytes. */
const billions = (config: HuggingFaceConfig) => modelBytes(modelInfoFromHuggingFace(config)) / 2 / 1e9;

/** Billions of weights that one token passes in the layers. */
function activeBillions(config: HuggingFaceConfig): number {
  const model = modelInfoFromHuggingFace(config);
  const work = { batchSize: 1, targetLength: 1, sourceLength: 0 };
  let flops = 0;
  for (let layer = 0; layer < model.numLayers; layer++) flops += layerFlops(model, work, layer);
  return flops / 2 / 1e9;
}

describe("a Hugging Face model's sizes are those that its makers tell", () => {
  it.each([
    ['Llama 3.1 8B', LLAMA_3_1_8B, 8.03],
    ['Qwen 2.5 0.5B, whose tables are tied', QWEN_2_5_0_5B, 0.49],
    ['Qwen 3 30B-A3B', QWEN_3_30B_A3B, 30.5],
    ['Mixtral 8x7B', MIXTRAL_8X7B, 46.7],
  ])('%s', (_name, config, expected) => {
    expect(billions(config)).toBeCloseTo(expected, 1);
  });

  it('DeepSeek V3: 671 billion, most of one byte, 37 billion of them active', () => {
    expect(modelBytes(modelInfoFromHuggingFace(DEEPSEEK_V3)) / 1e9).toBeCloseTo(671 + 1.9, 0);
    expect(activeBillions(DEEPSEEK_V3)).toBeCloseTo(35.6, 1);
  });

  it('gpt-oss 120B: 117 billion of four bits and a quarter, and tables of two bytes', () => {
    expect(modelBytes(modelInfoFromHuggingFace(GPT_OSS_120B)) / 1e9).toBeCloseTo(63.7, 1);
  });
});

describe('a KV cache', () => {
  it('of grouped heads is as wide as those: 8 of 128, keys and values, two bytes each', () => {
    expect(kvBytesPerTokenPerLayer(modelInfoFromHuggingFace(LLAMA_3_1_8B))).toBe(8 * 128 * 2 * 2);
  });

  it('of latent attention is one vector of 512 and 64', () => {
    expect(kvBytesPerTokenPerLayer(modelInfoFromHuggingFace(DEEPSEEK_V3))).toBe((512 + 64) * 2);
  });

  it('may be quantised', () => {
    const model = modelInfoFromHuggingFace(LLAMA_3_1_8B, { cacheBytesPerElement: 1 });
    expect(kvBytesPerTokenPerLayer(model)).toBe(8 * 128 * 2);
  });
});

it("gives DeepSeek's first three layers their dense block, as large as what one token passes elsewhere", () => {
  const { layerMemoryBytes, layerComputeCost } = modelInfoFromHuggingFace(DEEPSEEK_V3);
  expect(new Set(layerMemoryBytes?.slice(0, 3)).size).toBe(1);
  expect(layerMemoryBytes?.[2]).toBeLessThan(layerMemoryBytes![3]! / 10);
  expect(layerComputeCost?.slice(0, 4)).toEqual([1, 1, 1, 1]);
});

it('takes the head size from the hidden state where the file has none', () => {
  expect(modelInfoFromHuggingFace(QWEN_2_5_0_5B).headSize).toBe(64);
});

it('counts shared experts by their size, as Qwen 2 tells of them', () => {
  const config = { ...QWEN_3_30B_A3B, shared_expert_intermediate_size: 4 * 768 };
  expect(modelInfoFromHuggingFace(config).numSharedExperts).toBe(4);
});

it('finds the part that speaks in a model that also sees', () => {
  const { architectures, ...text } = LLAMA_3_1_8B;
  expect(modelInfoFromHuggingFace({ architectures, text_config: text }).numLayers).toBe(32);
});

describe('bytes of a weight', () => {
  it.each([
    [{}, 2],
    [{ torch_dtype: 'float32' }, 4],
    [{ quantization_config: { bits: 4, quant_method: 'gptq' } }, 0.5],
    [{ quantization_config: { bits: 8 } }, 1],
    [{ quantization_config: { quant_method: 'fp8' } }, 1],
    [{ quantization_config: { quant_method: 'awq' } }, 0.5],
    [{ quantization_config: { quant_method: 'mxfp4' } }, 0.53125],
    [{ quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true } }, 0.5],
    [{ quantization_config: { quant_method: 'unheard of' } }, 1],
    [{ quantization: { bits: 3, group_size: 64 } }, 0.375],
  ])('by %j', (changes, expected) => {
    const model = modelInfoFromHuggingFace({ ...LLAMA_3_1_8B, ...changes });
    expect(model.paramBytesPerElement).toBe(expected);
    expect(model.mlxParamBytesPerElement).toBe(expected);
  });

  it('may be others for MLX nodes', () => {
    const mlxConfig = { ...LLAMA_3_1_8B, quantization: { bits: 4, group_size: 64 } };
    const model = modelInfoFromHuggingFace(LLAMA_3_1_8B, { mlxConfig });
    expect([model.paramBytesPerElement, model.mlxParamBytesPerElement]).toEqual([2, 0.5]);
  });
});

describe('a file that does not tell enough', () => {
  it('names the architecture and every field that it lacks', () => {
    const config = { architectures: ['MambaForCausalLM'], hidden_size: 768, vocab_size: 50280 };
    expect(() => modelInfoFromHuggingFace(config)).toThrow(
      'config.json of architecture MambaForCausalLM has no num_hidden_layers, no intermediate_size or moe_intermediate_size, no num_attention_heads.',
    );
  });

  it('names the field that is no number', () => {
    const config = { ...LLAMA_3_1_8B, num_hidden_layers: 'many' };
    expect(() => modelInfoFromHuggingFace(config)).toThrow('num_hidden_layers is "many"; a whole number');
  });
});
