/** vLLM's face: metric names of V1 (`vllm/v1/metrics/loggers.py`), `/version`, errors nested under `error`. */

import type { Dialect } from './dialect.ts';
import { errorTypeOf, unroutedDetail } from './fastapi-errors.ts';
import { prometheusPage } from './prometheus-page.ts';

/** The version whose names these are. */
const VERSION = '0.19.0';
const BLOCK_TOKENS = 16;

export const vllmDialect: Dialect = {
  name: 'vllm',
  ownedBy: 'vllm',
  clampsMaxTokens: false,
  identity: [{ path: '/version', answer: () => ({ version: VERSION }) }],

  metricsPage(gauges, { engine }) {
    const cacheConfig = {
      block_size: String(BLOCK_TOKENS),
      num_gpu_blocks: String(Math.floor(gauges.kvCacheTokens / BLOCK_TOKENS)),
      enable_prefix_caching: 'True',
    };
    const finished = { finished_reason: 'stop' };
    return prometheusPage(
      [
        [
          'gauge',
          'vllm:num_requests_running',
          'Number of requests in model execution batches.',
          gauges.runningRequests,
        ],
        [
          'gauge',
          'vllm:num_requests_waiting',
          'Number of requests waiting to be processed.',
          gauges.waitingRequests,
        ],
        [
          'gauge',
          'vllm:kv_cache_usage_perc',
          'KV-cache usage. 1 means 100 percent usage.',
          gauges.kvCacheUsage,
        ],
        [
          'counter',
          'vllm:prefix_cache_queries_total',
          'Prefix cache queries, in tokens.',
          gauges.prefixCacheQueriesTokens,
        ],
        [
          'counter',
          'vllm:prefix_cache_hits_total',
          'Prefix cache hits, in tokens.',
          gauges.prefixCacheHitsTokens,
        ],
        [
          'counter',
          'vllm:num_preemptions_total',
          'Cumulative number of preemptions.',
          gauges.preemptionsTotal,
        ],
        [
          'counter',
          'vllm:prompt_tokens_total',
          'Number of prefill tokens processed.',
          gauges.promptTokensTotal,
        ],
        [
          'counter',
          'vllm:generation_tokens_total',
          'Number of generation tokens processed.',
          gauges.generationTokensTotal,
        ],
        [
          'counter',
          'vllm:request_success_total',
          'Count of successfully processed requests.',
          gauges.requestsFinishedTotal,
          finished,
        ],
        ['gauge', 'vllm:cache_config_info', 'Information of the LLMEngine CacheConfig', 1, cacheConfig],
      ],
      { engine: '0', model_name: engine.modelNames[0] ?? '' },
    );
  },

  errorBody: ({ status, message, param }) => ({
    error: { message, type: errorTypeOf(status), param: param ?? null, code: status },
  }),
  unroutedBody: unroutedDetail,
  tokenizeBody: (tokens, { engine }) => ({
    count: tokens.length,
    max_model_len: engine.maxModelTokens,
    tokens,
    token_strs: null,
  }),
};
