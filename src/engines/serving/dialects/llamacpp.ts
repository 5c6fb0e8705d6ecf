/** llama.cpp's server: metric names and `/props`, `/slots` as in `tools/server/README.md`. It exposes no KV usage. */

import type { Dialect, ServedEngine } from './dialect.ts';
import { prometheusPage } from './prometheus-page.ts';

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  500: 'server_error',
  501: 'not_supported_error',
  503: 'unavailable_error',
};

const props = ({ engine, slots }: ServedEngine) => ({
  default_generation_settings: { n_ctx: engine.maxModelTokens },
  total_slots: slots,
  model_alias: engine.modelNames[0],
  model_path: engine.modelNames[0],
  build_info: 'b7100-signalbox',
});

const slotList = ({ engine, slots }: ServedEngine) => {
  const busy = engine.gauges().runningRequests;
  return Array.from({ length: slots }, (_, id) => ({
    id,
    n_ctx: engine.maxModelTokens,
    is_processing: id < busy,
  }));
};

export const llamacppDialect: Dialect = {
  name: 'llamacpp',
  ownedBy: 'llamacpp',
  clampsMaxTokens: true,
  healthBody: { status: 'ok' },
  identity: [
    { path: '/props', answer: props },
    { path: '/slots', answer: slotList },
  ],

  metricsPage: (gauges) =>
    prometheusPage(
      [
        [
          'counter',
          'llamacpp:prompt_tokens_total',
          'Number of prompt tokens processed.',
          gauges.promptTokensTotal,
        ],
        [
          'counter',
          'llamacpp:tokens_predicted_total',
          'Number of generation tokens processed.',
          gauges.generationTokensTotal,
        ],
        ['gauge', 'llamacpp:requests_processing', 'Number of requests processing.', gauges.runningRequests],
        ['gauge', 'llamacpp:requests_deferred', 'Number of requests deferred.', gauges.waitingRequests],
      ],
      {},
    ),

  errorBody: ({ status, code, message }) => ({
    error: { code: status, message, type: errorType(status, code) },
  }),
  unroutedBody: (status) => ({
    error: { code: status, message: 'File Not Found', type: 'not_found_error' },
  }),
  tokenizeBody: (tokens) => ({ tokens }),
};

const errorType = (status: number, code: string) =>
  code === 'context_length_exceeded' ? 'exceed_context_size_error' : (TYPES[status] ?? 'server_error');
