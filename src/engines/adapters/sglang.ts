/** SGLang; it has a metrics page only when started with `--enable-metrics`. */

import type { EngineAdapter } from '../adapter.ts';
import { type Answers, asCount, asText, type JsonObject } from '../recognition/answers.ts';
import { listOpenAiModels, MODELS_PATH } from '../recognition/openai-models.ts';
import { jsonFields, metricPrefix, ownedBy } from '../recognition/signs.ts';

const SERVER_INFO = '/server_info';
/** The name of the same page before SGLang 0.5. */
const OLD_SERVER_INFO = '/get_server_info';

export const SGLANG: EngineAdapter = {
  kind: 'sglang',
  title: 'SGLang',
  healthPaths: ['/health'],
  metricsPaths: ['/metrics'],
  metrics: {
    waitingRequests: [{ name: 'sglang:num_queue_reqs' }, { name: 'sglang_num_queue_reqs' }],
    runningRequests: [{ name: 'sglang:num_running_reqs' }, { name: 'sglang_num_running_reqs' }],
    kvCacheUsage: [
      { type: 'gauge', metric: { name: 'sglang:token_usage' }, unit: 'fraction' },
      { type: 'gauge', metric: { name: 'sglang_token_usage' }, unit: 'fraction' },
    ],
    kvCacheTokens: [
      { type: 'info', name: 'sglang:cache_config_info', tokensPerBlock: 'page_size', blocks: 'num_pages' },
      { type: 'tokens', metric: { name: 'sglang:max_total_num_tokens' } },
    ],
    prefixCacheHitRate: [
      { type: 'gauge', metric: { name: 'sglang:cache_hit_rate' }, unit: 'fraction' },
      { type: 'gauge', metric: { name: 'sglang_cache_hit_rate' }, unit: 'fraction' },
    ],
    loadedAdapters: [],
  },
  metricsHint: 'SGLang has a metrics page only when it is started with --enable-metrics',
  statusPages: [],
  signs: [
    metricPrefix('/metrics', 'sglang:', 'sglang_'),
    ownedBy('sglang'),
    jsonFields(SERVER_INFO, 'certain', 'model_path', 'tokenizer_path'),
    jsonFields(OLD_SERVER_INFO, 'certain', 'model_path', 'tokenizer_path'),
  ],
  listingPaths: [MODELS_PATH, SERVER_INFO, OLD_SERVER_INFO],
  list(answers) {
    const listing = listOpenAiModels(answers);
    const info = serverInfo(answers);
    const maxContextTokens = listing?.maxContextTokens ?? asCount(info.context_length);
    const name = asText(info.served_model_name) ?? asText(info.model_path);
    if (!listing && name === undefined) return undefined;
    return {
      models: listing?.models ?? [name!],
      adapters: listing?.adapters ?? [],
      ...(maxContextTokens !== undefined && { maxContextTokens }),
    };
  },
  version: (answers) => asText(serverInfo(answers).version),
};

function serverInfo(answers: Answers): JsonObject {
  return { ...answers.object(OLD_SERVER_INFO), ...answers.object(SERVER_INFO) };
}
