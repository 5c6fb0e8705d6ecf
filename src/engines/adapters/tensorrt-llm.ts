/** TensorRT-LLM, served by `trtllm-serve` or by Triton (whose metrics are on a port of their own, 8002). */

import type { EngineAdapter, MetricSelector } from '../adapter.ts';
import { asText } from '../recognition/answers.ts';
import { listOpenAiModels, MODELS_PATH } from '../recognition/openai-models.ts';
import { jsonFields, metricPrefix, ownedBy } from '../recognition/signs.ts';

/** `trtllm-serve` shows iteration statistics as JSON on `/metrics`, and Prometheus' format here. */
const SERVE_METRICS = '/prometheus/metrics';
const TRITON_METRICS = '/metrics';
const TRITON_SERVER = '/v2';

export const TENSORRT_LLM: EngineAdapter = {
  kind: 'tensorrt-llm',
  title: 'TensorRT-LLM',
  healthPaths: ['/health', '/v2/health/ready'],
  metricsPaths: [SERVE_METRICS, TRITON_METRICS],
  metrics: {
    waitingRequests: [{ name: 'trtllm_num_requests_waiting' }, tritonRequests('waiting')],
    runningRequests: [{ name: 'trtllm_num_requests_running' }, tritonRequests('scheduled')],
    kvCacheUsage: [
      { type: 'gauge', metric: { name: 'trtllm_kv_cache_utilization' }, unit: 'fraction' },
      { type: 'gauge', metric: tritonBlocks('fraction'), unit: 'fraction' },
      { type: 'ratio', part: tritonBlocks('used'), whole: tritonBlocks('max') },
    ],
    kvCacheTokens: [
      {
        type: 'blocks',
        tokensPerBlock: { name: 'trtllm_kv_cache_tokens_per_block' },
        blocks: { name: 'trtllm_kv_cache_max_blocks' },
      },
      { type: 'blocks', tokensPerBlock: tritonBlocks('tokens_per'), blocks: tritonBlocks('max') },
    ],
    prefixCacheHitRate: [{ type: 'gauge', metric: { name: 'trtllm_kv_cache_hit_rate' }, unit: 'fraction' }],
    loadedAdapters: [],
  },
  metricsHint:
    'Triton has its metrics page on port 8002 (the instance’s scrape.port); trtllm-serve needs return_perf_metrics',
  statusPages: [],
  signs: [
    metricPrefix(SERVE_METRICS, 'trtllm_'),
    metricPrefix(TRITON_METRICS, 'nv_trt_llm_', 'trtllm_'),
    ownedBy('tensorrt_llm'),
    jsonFields(TRITON_SERVER, 'likely', 'name', 'extensions'),
  ],
  listingPaths: [MODELS_PATH, '/version', TRITON_SERVER],
  list: listOpenAiModels,
  version: (answers) =>
    asText(answers.object('/version').version) ?? asText(answers.object(TRITON_SERVER).version),
};

function tritonRequests(type: string): MetricSelector {
  return { name: 'nv_trt_llm_request_metrics', labels: { request_type: type } };
}

function tritonBlocks(type: string): MetricSelector {
  return { name: 'nv_trt_llm_kv_cache_block_metrics', labels: { kv_cache_block_type: type } };
}
