/** Under which names an engine may tell the figures that scores need, in order of preference. */

import { F5_METRICS, type F5Metric } from '../../../routing/index.ts';
import type { F5Engine, MetricKeys } from '../config/scheduler-file.ts';

export interface MetricCandidate {
  readonly key: string;
  /** The variant that names it; the engine itself for the names that it has by default. */
  readonly variant: string;
  /** Whether the value is 0 to 100 and not 0 to 1. */
  readonly isPercent: boolean;
}

export type MetricCandidates = Readonly<Record<F5Metric, readonly MetricCandidate[]>>;

type EngineWithPage = Exclude<F5Engine, 'xinference'>;

/** vLLM renamed its cache metric; the existing scheduler knows only the old name. */
const BUILT_IN: Readonly<Record<EngineWithPage, Readonly<Record<F5Metric, readonly string[]>>>> = {
  vllm: {
    waiting_queue: ['vllm:num_requests_waiting'],
    cache_usage: ['vllm:gpu_cache_usage_perc', 'vllm:kv_cache_usage_perc'],
    running_req: ['vllm:num_requests_running'],
  },
  sglang: {
    waiting_queue: ['sglang:num_queue_reqs'],
    cache_usage: ['sglang:token_usage'],
    running_req: ['sglang:num_running_reqs'],
  },
};

/** The names by which a plain engine is known: another variant that repeats one of them is not shown by it. */
const PLAIN_KEYS: ReadonlySet<string> = new Set(
  Object.values(BUILT_IN).flatMap((keys) => Object.values(keys).map(([first]) => first!)),
);

/** MindIE's, which is in percent by its documentation. */
const KNOWN_PERCENT_KEYS: ReadonlySet<string> = new Set(['npu_cache_usage_perc']);

export function candidatesFor(engine: EngineWithPage, variants: MetricKeys): MetricCandidates {
  const own = variants.filter(({ name }) => name.toLowerCase().startsWith(engine));
  const of = (metric: F5Metric): readonly MetricCandidate[] => {
    const named = own.flatMap(({ name, keys, isCacheInPercent }) => {
      const key = keys[metric];
      if (key === undefined) return [];
      const isPercent = metric === 'cache_usage' && (isCacheInPercent || KNOWN_PERCENT_KEYS.has(key));
      return [{ key, variant: name, isPercent }];
    });
    const builtIn = BUILT_IN[engine][metric].map((key) => ({ key, variant: engine, isPercent: false }));
    const all = [...named, ...builtIn];
    return all.filter(({ key }, i) => all.findIndex((other) => other.key === key) === i);
  };
  return Object.fromEntries(F5_METRICS.map((metric) => [metric, of(metric)])) as MetricCandidates;
}

/**
 * Which variant a name shows: its own, the plain engine for one of the plain names, `unknown` for one that is no longer
 * configured.
 */
export function variantShownBy(key: string, engine: string, candidates: readonly MetricCandidate[]): string {
  if (PLAIN_KEYS.has(key)) return engine;
  return candidates.find((candidate) => candidate.key === key)?.variant ?? 'unknown';
}
