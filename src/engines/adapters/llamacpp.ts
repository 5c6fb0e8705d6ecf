/** llama.cpp's server; its metrics page is there only with `--metrics`, its slots page unless `--no-slots`. */

import type { EngineAdapter, EngineReading } from '../adapter.ts';
import { type Answers, asCount, asObject, asText } from '../recognition/answers.ts';
import { listOpenAiModels, MODELS_PATH } from '../recognition/openai-models.ts';
import { jsonFields, metricPrefix, ownedBy } from '../recognition/signs.ts';

const PROPS = '/props';
const LORA_ADAPTERS = '/lora-adapters';

export const LLAMACPP: EngineAdapter = {
  kind: 'llamacpp',
  title: 'llama.cpp',
  healthPaths: ['/health'],
  metricsPaths: ['/metrics'],
  metrics: {
    waitingRequests: [{ name: 'llamacpp:requests_deferred' }],
    runningRequests: [{ name: 'llamacpp:requests_processing' }],
    // Dropped from the metrics page in 2025; the slots page stands in for it.
    kvCacheUsage: [{ type: 'gauge', metric: { name: 'llamacpp:kv_cache_usage_ratio' }, unit: 'fraction' }],
    kvCacheTokens: [],
    prefixCacheHitRate: [],
    loadedAdapters: [],
  },
  metricsHint: 'llama-server has a metrics page only when it is started with --metrics',
  statusPages: [{ path: '/slots', read: readSlots }],
  signs: [
    metricPrefix('/metrics', 'llamacpp:'),
    ownedBy('llamacpp'),
    jsonFields(PROPS, 'certain', 'default_generation_settings', 'total_slots'),
  ],
  listingPaths: [MODELS_PATH, PROPS, LORA_ADAPTERS],
  list(answers) {
    const listing = listOpenAiModels(answers);
    if (!listing) return undefined;
    const settings = asObject(answers.object(PROPS).default_generation_settings);
    const maxContextTokens = asCount(settings.n_ctx);
    return {
      models: listing.models,
      adapters: appliedAdapters(answers),
      ...(maxContextTokens !== undefined && { maxContextTokens }),
    };
  },
  version: (answers) => asText(answers.object(PROPS).build_info),
};

/**
 * Each slot owns its share of the cache whether it fills it or not, so the share of context in busy slots is what a new
 * request cannot have. The cache's size is left open: with a unified cache each slot's `n_ctx` is the whole of it.
 */
function readSlots(json: unknown): EngineReading {
  if (!Array.isArray(json)) return {};
  const slots = json.map(asObject).filter((slot) => typeof slot.is_processing === 'boolean');
  if (slots.length === 0) return {};
  const busy = slots.filter((slot) => slot.is_processing === true);
  const contextOf = (some: typeof slots) => some.reduce((sum, slot) => sum + (asCount(slot.n_ctx) ?? 1), 0);
  return { runningRequests: busy.length, kvCacheUsage: contextOf(busy) / contextOf(slots) };
}

/** The adapters that shape every answer: those loaded with a scale above 0, by their file's name. */
function appliedAdapters(answers: Answers): readonly string[] {
  const listed = answers.json(LORA_ADAPTERS);
  if (!Array.isArray(listed)) return [];
  return listed.map(asObject).flatMap((adapter) => {
    const isApplied = typeof adapter.scale === 'number' && adapter.scale > 0;
    const file = asText(adapter.path)?.split(/[\\/]/).at(-1);
    return isApplied && file ? [file.replace(/\.gguf$/i, '')] : [];
  });
}
