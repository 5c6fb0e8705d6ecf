/** SGLang's face: metric names (`sglang/srt/metrics/collector.py`), server and model info, flat errors. */

import type { Dialect, ServedEngine } from './dialect.ts';
import { errorTypeOf, unroutedDetail } from './fastapi-errors.ts';
import { prometheusPage } from './prometheus-page.ts';

const VERSION = '0.5.6';
const PAGE_TOKENS = 16;

const modelInfo = ({ engine }: ServedEngine) => ({
  model_path: engine.modelNames[0],
  tokenizer_path: engine.modelNames[0],
  is_generation: true,
});

const serverInfo = ({ engine, slots }: ServedEngine) => {
  const gauges = engine.gauges();
  return {
    model_path: engine.modelNames[0],
    tokenizer_path: engine.modelNames[0],
    served_model_name: engine.modelNames[0],
    context_length: engine.maxModelTokens,
    max_running_requests: slots,
    max_total_num_tokens: gauges.kvCacheTokens,
    page_size: PAGE_TOKENS,
    version: VERSION,
  };
};

export const sglangDialect: Dialect = {
  name: 'sglang',
  ownedBy: 'sglang',
  clampsMaxTokens: false,
  identity: [
    { path: '/get_server_info', answer: serverInfo },
    { path: '/server_info', answer: serverInfo },
    { path: '/get_model_info', answer: modelInfo },
    { path: '/model_info', answer: modelInfo },
  ],

  metricsPage(gauges, { engine }) {
    const hitRate = gauges.prefixCacheHitsTokens / Math.max(1, gauges.prefixCacheQueriesTokens);
    const usedTokens = Math.round(gauges.kvCacheUsage * gauges.kvCacheTokens);
    const pages = {
      page_size: String(PAGE_TOKENS),
      num_pages: String(Math.floor(gauges.kvCacheTokens / PAGE_TOKENS)),
    };
    return prometheusPage(
      [
        ['gauge', 'sglang:num_running_reqs', 'The number of running requests.', gauges.runningRequests],
        [
          'gauge',
          'sglang:num_queue_reqs',
          'The number of requests in the waiting queue.',
          gauges.waitingRequests,
        ],
        ['gauge', 'sglang:token_usage', 'The token usage.', gauges.kvCacheUsage],
        ['gauge', 'sglang:num_used_tokens', 'The number of used tokens.', usedTokens],
        [
          'gauge',
          'sglang:max_total_num_tokens',
          'Maximum total number of tokens in the KV cache.',
          gauges.kvCacheTokens,
        ],
        ['gauge', 'sglang:cache_hit_rate', 'The prefix cache hit rate.', hitRate],
        ['gauge', 'sglang:cache_config_info', 'Cache configuration.', 1, pages],
        [
          'counter',
          'sglang:prompt_tokens_total',
          'Number of prefill tokens processed.',
          gauges.promptTokensTotal,
        ],
        [
          'counter',
          'sglang:generation_tokens_total',
          'Number of generation tokens processed.',
          gauges.generationTokensTotal,
        ],
        [
          'counter',
          'sglang:cached_tokens_total',
          'Number of cached prompt tokens.',
          gauges.prefixCacheHitsTokens,
        ],
        [
          'counter',
          'sglang:num_requests_total',
          'Number of requests processed.',
          gauges.requestsFinishedTotal,
        ],
      ],
      { model_name: engine.modelNames[0] ?? '' },
    );
  },

  errorBody: ({ status, message, param }) => ({
    object: 'error',
    message,
    type: errorTypeOf(status),
    param: param ?? null,
    code: status,
  }),
  unroutedBody: unroutedDetail,
  tokenizeBody: (tokens, { engine }) => ({
    tokens,
    count: tokens.length,
    max_model_len: engine.maxModelTokens,
  }),
};
