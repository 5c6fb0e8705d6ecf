/** Each kind of source that an adapter can name for a figure, read out of a page's samples. */

import type { AdapterSource, CapacitySource, MetricSelector, ShareSource } from '../adapter.ts';
import type { Sample } from '../exposition/index.ts';
import { asCount } from '../recognition/answers.ts';
import { distinctValues, finite, groupOf, meanOf, sumOf } from './combine.ts';

/** How far above 1 rounding may lift a share; beyond it the figure is no share at all. */
const ROUNDING = 0.02;

export function readCount(samples: readonly Sample[], metric: MetricSelector): number | undefined {
  return sumOf(distinctValues(samples, metric));
}

export function readShare(samples: readonly Sample[], source: ShareSource): number | undefined {
  if (source.type === 'ratio') {
    const part = readCount(samples, source.part);
    const whole = readCount(samples, source.whole);
    return part !== undefined && whole ? clampShare(part / whole) : undefined;
  }
  const mean = meanOf(distinctValues(samples, source.metric));
  return mean === undefined ? undefined : clampShare(source.unit === 'percent' ? mean / 100 : mean);
}

function clampShare(share: number): number | undefined {
  return share > 1 + ROUNDING ? undefined : Math.min(1, share);
}

export function readCapacity(samples: readonly Sample[], source: CapacitySource): number | undefined {
  if (source.type === 'tokens') return readCount(samples, source.metric) || undefined;
  if (source.type === 'info') return readInfoCapacity(samples, source);
  const blocks = readCount(samples, source.blocks);
  // A block is as large in every engine core: the mean is what each of them says.
  const tokensPerBlock = meanOf(distinctValues(samples, source.tokensPerBlock));
  return blocks && tokensPerBlock ? finite(blocks * tokensPerBlock) : undefined;
}

function readInfoCapacity(
  samples: readonly Sample[],
  source: Extract<CapacitySource, { type: 'info' }>,
): number | undefined {
  const byGroup = new Map<string, number>();
  for (const sample of samples) {
    if (sample.name !== source.name) continue;
    const tokensPerBlock = asCount(sample.labels.get(source.tokensPerBlock));
    const blocks = asCount(sample.labels.get(source.blocks));
    if (tokensPerBlock && blocks) byGroup.set(groupOf(sample), tokensPerBlock * blocks);
  }
  return sumOf([...byGroup.values()]);
}

/**
 * The adapters of the newest series. Each combination of adapters leaves its own series on the page for ever; its value
 * is the time at which it was last true.
 */
export function readAdapters(
  samples: readonly Sample[],
  source: AdapterSource,
): readonly string[] | undefined {
  const series = samples.filter(
    (sample) =>
      sample.name === source.name && Number.isFinite(sample.value) && sample.labels.has(source.label),
  );
  if (series.length === 0) return undefined;
  const newest = series.reduce((a, b) => (b.value > a.value ? b : a));
  const names = newest.labels.get(source.label)!.split(',');
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
}
