/** The pages of each engine as it answers when it is up, in the shapes of the real ones. */

import { type FixturePage, metricsFixture } from './page-server.ts';

export type EnginePages = Readonly<Record<string, FixturePage>>;

export const VLLM_PAGES: EnginePages = {
  '/health': 200,
  '/version': { version: '0.11.0' },
  '/metrics': metricsFixture('vllm-v1'),
  '/v1/models': {
    object: 'list',
    data: [
      {
        id: 'llama-3.1-8b',
        object: 'model',
        created: 1_761_234_500,
        owned_by: 'vllm',
        root: 'meta-llama/Llama-3.1-8B-Instruct',
        parent: null,
        max_model_len: 131_072,
      },
      { id: 'sql-lora', object: 'model', owned_by: 'vllm', root: '/adapters/sql', parent: 'llama-3.1-8b' },
      { id: 'chat-lora', object: 'model', owned_by: 'vllm', root: '/adapters/chat', parent: 'llama-3.1-8b' },
    ],
  },
};

export const SGLANG_PAGES: EnginePages = {
  '/health': 200,
  '/metrics': metricsFixture('sglang'),
  '/server_info': {
    model_path: 'Qwen/Qwen3-8B',
    tokenizer_path: 'Qwen/Qwen3-8B',
    served_model_name: 'qwen3-8b',
    context_length: 40_960,
    max_total_num_tokens: 442_352,
    version: '0.5.3',
  },
  '/v1/models': {
    object: 'list',
    data: [{ id: 'qwen3-8b', object: 'model', owned_by: 'sglang', root: 'qwen3-8b', max_model_len: 40_960 }],
  },
};

export const LLAMACPP_PAGES: EnginePages = {
  '/health': { status: 'ok' },
  '/metrics': metricsFixture('llamacpp'),
  '/props': {
    default_generation_settings: { id: 0, n_ctx: 8192, is_processing: false },
    total_slots: 4,
    model_path: '/models/qwen3-4b-q4_k_m.gguf',
    build_info: 'b6730-e60f01d9',
  },
  '/slots': [
    { id: 0, id_task: 135, n_ctx: 8192, is_processing: true },
    { id: 1, id_task: 136, n_ctx: 8192, is_processing: true },
    { id: 2, id_task: 131, n_ctx: 8192, is_processing: true },
    { id: 3, id_task: -1, n_ctx: 8192, is_processing: false },
  ],
  '/lora-adapters': [
    { id: 0, path: '/adapters/poet.gguf', scale: 1.0 },
    { id: 1, path: '/adapters/idle.gguf', scale: 0.0 },
  ],
  '/v1/models': {
    object: 'list',
    data: [
      {
        id: 'qwen3-4b',
        object: 'model',
        created: 1_761_234_500,
        owned_by: 'llamacpp',
        meta: { vocab_type: 2, n_vocab: 151_936, n_ctx_train: 40_960, n_params: 4_022_468_096 },
      },
    ],
  },
};

/** llama.cpp answers so on every page but `/health`'s own until its model is loaded. */
export const LLAMACPP_LOADING: FixturePage = (_request, response) =>
  response
    .writeHead(503, { 'content-type': 'application/json' })
    .end('{"error":{"message":"Loading model","type":"unavailable_error","code":503}}');

export const TGI_PAGES: EnginePages = {
  '/health': 200,
  '/metrics': metricsFixture('tgi'),
  '/info': {
    model_id: 'bigscience/bloom-560m',
    model_sha: 'e985a63cdc139290c5f700ff1929f0b5942cced2',
    max_concurrent_requests: 128,
    max_input_tokens: 1024,
    max_total_tokens: 2048,
    version: '3.3.4',
    docker_label: 'sha-1cb3e7f',
  },
  '/v1/models': {
    object: 'list',
    data: [{ id: 'bigscience/bloom-560m', object: 'model', created: 0, owned_by: 'bigscience/bloom-560m' }],
  },
};

export const TRTLLM_SERVE_PAGES: EnginePages = {
  '/health': 200,
  '/version': { version: '1.1.0' },
  // Iteration statistics, as JSON: not the metrics page that it looks like.
  '/metrics': [
    { iter: 17, numActiveRequests: 12, kvCacheStats: { usedNumBlocks: 5079, maxNumBlocks: 8192 } },
  ],
  '/prometheus/metrics': metricsFixture('trtllm-serve'),
  '/v1/models': { object: 'list', data: [{ id: 'llama-8b', object: 'model', owned_by: 'tensorrt_llm' }] },
};

export const TRITON_PAGES: EnginePages = {
  '/v2/health/ready': 200,
  '/v2': { name: 'triton', version: '2.61.0', extensions: ['classification', 'sequence'] },
  '/metrics': metricsFixture('triton'),
  '/v1/models': {
    object: 'list',
    data: [{ id: 'ensemble', object: 'model', owned_by: 'Triton Inference Server' }],
  },
};

export const OPENAI_PAGES: EnginePages = {
  '/v1/models': {
    object: 'list',
    data: [
      { id: 'gpt-oss-20b', object: 'model', created: 1, owned_by: 'library' },
      { id: 'nomic-embed', object: 'model', created: 1, owned_by: 'library' },
    ],
  },
};
