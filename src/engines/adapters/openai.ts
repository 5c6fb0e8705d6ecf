/** Any endpoint that speaks the OpenAI API and says nothing of its load. */

import type { EngineAdapter } from '../adapter.ts';
import { listOpenAiModels, MODELS_PATH, readModelList } from '../recognition/openai-models.ts';

export const OPENAI: EngineAdapter = {
  kind: 'openai',
  title: 'OpenAI-compatible',
  // There is no agreed health page; the model list is what every such endpoint has.
  healthPaths: [MODELS_PATH],
  metricsPaths: [],
  metrics: {
    waitingRequests: [],
    runningRequests: [],
    kvCacheUsage: [],
    kvCacheTokens: [],
    prefixCacheHitRate: [],
    loadedAdapters: [],
  },
  statusPages: [],
  signs: [
    {
      path: MODELS_PATH,
      certainty: 'possible',
      see: (answers) => (readModelList(answers) ? `${MODELS_PATH} lists models` : undefined),
    },
  ],
  listingPaths: [MODELS_PATH],
  list: listOpenAiModels,
  version: () => undefined,
};
