/** Turns an engine's metrics page into a reading. */

import type { EngineMetrics, EngineReading } from '../adapter.ts';
import { createExpositionReader, type Sample } from '../exposition/index.ts';
import { readAdapters, readCapacity, readCount, readShare } from './sources.ts';

export type MetricsReader = (page: string | Uint8Array) => EngineReading;

/** A reader for the figures that these metrics name; a figure that is not on the page is absent from the reading. */
export function createMetricsReader(metrics: EngineMetrics): MetricsReader {
  const names = [...new Set(metricNames(metrics))];
  const readSamples = createExpositionReader(names.map((name) => ({ name, withLabels: true })));
  return function readMetrics(page) {
    const samples = readSamples(page);
    return withoutAbsent({
      waitingRequests: first(samples, metrics.waitingRequests, readCount),
      runningRequests: first(samples, metrics.runningRequests, readCount),
      kvCacheUsage: first(samples, metrics.kvCacheUsage, readShare),
      kvCacheTokens: first(samples, metrics.kvCacheTokens, readCapacity),
      loadedAdapters: first(samples, metrics.loadedAdapters, readAdapters),
      prefixCacheHitRate: first(samples, metrics.prefixCacheHitRate, readShare),
    });
  };
}

/** Fields of the first reading, then of the second where the first has none. */
export function mergeReadings(preferred: EngineReading, other: EngineReading): EngineReading {
  return { ...other, ...preferred };
}

export function isEmptyReading(reading: EngineReading): boolean {
  return Object.keys(reading).length === 0;
}

function first<Source, Value>(
  samples: readonly Sample[],
  sources: readonly Source[],
  read: (samples: readonly Sample[], source: Source) => Value | undefined,
): Value | undefined {
  for (const source of sources) {
    const value = read(samples, source);
    if (value !== undefined) return value;
  }
  return undefined;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutAbsent<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

function metricNames(metrics: EngineMetrics): readonly string[] {
  const shares = [...metrics.kvCacheUsage, ...metrics.prefixCacheHitRate];
  return [
    ...metrics.waitingRequests.map((metric) => metric.name),
    ...metrics.runningRequests.map((metric) => metric.name),
    ...shares.flatMap((share) =>
      share.type === 'gauge' ? share.metric.name : [share.part.name, share.whole.name],
    ),
    ...metrics.kvCacheTokens.flatMap((capacity) => {
      if (capacity.type === 'info') return capacity.name;
      if (capacity.type === 'tokens') return capacity.metric.name;
      return [capacity.tokensPerBlock.name, capacity.blocks.name];
    }),
    ...metrics.loadedAdapters.map((adapters) => adapters.name),
  ];
}
