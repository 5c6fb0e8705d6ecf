/** Hugging Face's Text Generation Inference; it exposes nothing of its KV cache. */

import type { EngineAdapter } from '../adapter.ts';
import { asCount, asText } from '../recognition/answers.ts';
import { listOpenAiModels, MODELS_PATH } from '../recognition/openai-models.ts';
import { jsonFields, metricPrefix } from '../recognition/signs.ts';

const INFO = '/info';

export const TGI: EngineAdapter = {
  kind: 'tgi',
  title: 'TGI',
  healthPaths: ['/health'],
  metricsPaths: ['/metrics'],
  metrics: {
    waitingRequests: [{ name: 'tgi_queue_size' }],
    runningRequests: [{ name: 'tgi_batch_current_size' }],
    kvCacheUsage: [],
    kvCacheTokens: [],
    prefixCacheHitRate: [],
    loadedAdapters: [],
  },
  statusPages: [],
  // Text Embeddings Inference has an /info with model_id too, but no limit on prompt and answer together.
  signs: [metricPrefix('/metrics', 'tgi_'), jsonFields(INFO, 'certain', 'model_id', 'max_total_tokens')],
  listingPaths: [MODELS_PATH, INFO],
  list(answers) {
    const info = answers.object(INFO);
    const maxContextTokens = asCount(info.max_total_tokens);
    // Before TGI 2.2 there is no model list.
    const models =
      listOpenAiModels(answers)?.models ?? [asText(info.model_id)].filter((id) => id !== undefined);
    if (models.length === 0) return undefined;
    return { models, adapters: [], ...(maxContextTokens !== undefined && { maxContextTokens }) };
  },
  version: (answers) => asText(answers.object(INFO).version),
};
