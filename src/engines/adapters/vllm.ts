/** vLLM, in its current spellings (V1) and those of its first engine (V0). */

import type { EngineAdapter } from '../adapter.ts';
import { asText } from '../recognition/answers.ts';
import { listOpenAiModels, MODELS_PATH } from '../recognition/openai-models.ts';
import { jsonFields, metricPrefix, ownedBy } from '../recognition/signs.ts';

export const VLLM: EngineAdapter = {
  kind: 'vllm',
  title: 'vLLM',
  healthPaths: ['/health'],
  metricsPaths: ['/metrics'],
  metrics: {
    waitingRequests: [{ name: 'vllm:num_requests_waiting' }],
    runningRequests: [{ name: 'vllm:num_requests_running' }],
    // Both are called a percentage and are a fraction.
    kvCacheUsage: [
      { type: 'gauge', metric: { name: 'vllm:kv_cache_usage_perc' }, unit: 'fraction' },
      { type: 'gauge', metric: { name: 'vllm:gpu_cache_usage_perc' }, unit: 'fraction' },
    ],
    kvCacheTokens: [
      {
        type: 'info',
        name: 'vllm:cache_config_info',
        tokensPerBlock: 'block_size',
        blocks: 'num_gpu_blocks',
      },
    ],
    prefixCacheHitRate: [
      ratio('vllm:prefix_cache_hits_total', 'vllm:prefix_cache_queries_total'),
      ratio('vllm:gpu_prefix_cache_hits_total', 'vllm:gpu_prefix_cache_queries_total'),
      { type: 'gauge', metric: { name: 'vllm:gpu_prefix_cache_hit_rate' }, unit: 'fraction' },
    ],
    loadedAdapters: [{ name: 'vllm:lora_requests_info', label: 'running_lora_adapters' }],
  },
  statusPages: [],
  signs: [metricPrefix('/metrics', 'vllm:'), ownedBy('vllm'), jsonFields('/version', 'possible', 'version')],
  listingPaths: [MODELS_PATH, '/version'],
  list: listOpenAiModels,
  version: (answers) => asText(answers.object('/version').version),
};

function ratio(part: string, whole: string) {
  return { type: 'ratio', part: { name: part }, whole: { name: whole } } as const;
}
