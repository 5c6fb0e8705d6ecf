/** Metric names that a configuration adds for a variant of an engine. */

import type { EngineMetrics, MetricSelector, ShareUnit } from '../adapter.ts';

/**
 * Names tried before the adapter's own, in order. Each is a metric's name, or a name with labels that select among its
 * series: `nv_trt_llm_request_metrics{request_type=waiting}`.
 */
export interface ExtraMetricNames {
  readonly waitingRequests?: readonly string[];
  readonly runningRequests?: readonly string[];
  readonly kvCacheUsage?: readonly string[];
  readonly kvCacheTokens?: readonly string[];
  readonly prefixCacheHitRate?: readonly string[];
  /** What the names in `kvCacheUsage` and `prefixCacheHitRate` count in; the default is `fraction` (0 to 1). */
  readonly shareUnit?: ShareUnit;
}

export function withExtraNames(metrics: EngineMetrics, extra: ExtraMetricNames): EngineMetrics {
  const unit = extra.shareUnit ?? 'fraction';
  const select = (names: readonly string[] = []) => names.map(parseMetricSelector);
  const shares = (names: readonly string[] | undefined) =>
    select(names).map((metric) => ({ type: 'gauge', metric, unit }) as const);
  return {
    ...metrics,
    waitingRequests: [...select(extra.waitingRequests), ...metrics.waitingRequests],
    runningRequests: [...select(extra.runningRequests), ...metrics.runningRequests],
    kvCacheUsage: [...shares(extra.kvCacheUsage), ...metrics.kvCacheUsage],
    kvCacheTokens: [
      ...select(extra.kvCacheTokens).map((metric) => ({ type: 'tokens', metric }) as const),
      ...metrics.kvCacheTokens,
    ],
    prefixCacheHitRate: [...shares(extra.prefixCacheHitRate), ...metrics.prefixCacheHitRate],
  };
}

export function hasExtraNames(extra: ExtraMetricNames): boolean {
  const { shareUnit: _, ...names } = extra;
  return Object.values(names).some((some) => some !== undefined && some.length > 0);
}

/** @throws TypeError naming the first of these that is no metric name */
export function checkExtraNames({ shareUnit: _, ...names }: ExtraMetricNames): void {
  for (const some of Object.values(names)) some?.forEach(parseMetricSelector);
}

const SELECTOR = /^([A-Za-z_:][\w:]*)(?:\{([^{}]*)\})?$/;
const LABEL = /^\s*([A-Za-z_]\w*)\s*=\s*"?([^"]*)"?\s*$/;

/** @throws TypeError when `text` is neither a metric's name nor a name with labels */
export function parseMetricSelector(text: string): MetricSelector {
  const [, name, inner] = SELECTOR.exec(text.trim()) ?? [];
  if (name === undefined) throw badSelector(text);
  if (!inner?.trim()) return { name };
  const labels = inner.split(',').map((pair) => {
    const [, label, value] = LABEL.exec(pair) ?? [];
    if (label === undefined || value === undefined) throw badSelector(text);
    return [label, value.trim()] as const;
  });
  return { name, labels: Object.fromEntries(labels) };
}

function badSelector(text: string): TypeError {
  return new TypeError(`"${text}" is no metric name; allowed are name and name{label=value,other=value}`);
}
