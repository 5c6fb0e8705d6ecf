/** One figure out of the several series that an engine exposes under one name. */

import type { MetricSelector } from '../adapter.ts';
import type { Sample } from '../exposition/index.ts';

/**
 * The ranks of one tensor- or pipeline-parallel group serve the same requests and split the same cache, and where each
 * of them exposes the group's figures they are copies, not parts.
 */
const COPY_LABELS = new Set(['tp_rank', 'pp_rank', 'moe_ep_rank']);

/**
 * What each engine core (data-parallel rank, or model) on the page says: the usable values of the selected series, the
 * largest of each set of copies. Values that are negative, infinite or not a number say nothing.
 */
export function distinctValues(samples: readonly Sample[], selector: MetricSelector): readonly number[] {
  const largest = new Map<string, number>();
  for (const sample of samples) {
    if (!isSelected(sample, selector) || !(sample.value >= 0 && Number.isFinite(sample.value))) continue;
    const key = groupOf(sample);
    largest.set(key, Math.max(largest.get(key) ?? 0, sample.value));
  }
  return [...largest.values()];
}

/** For counts: what all engine cores have together. Values too large to be added up say nothing either. */
export function sumOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : finite(values.reduce((sum, value) => sum + value, 0));
}

/** For shares: cores are alike, so the mean of their shares is the share of what they have together. */
export function meanOf(values: readonly number[]): number | undefined {
  const sum = sumOf(values);
  return sum === undefined ? undefined : sum / values.length;
}

/** `undefined` for what has grown beyond all numbers. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

export function isSelected(sample: Sample, { name, labels = {} }: MetricSelector): boolean {
  return (
    sample.name === name &&
    Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value)
  );
}

/** The same for samples that are copies of each other. */
export function groupOf(sample: Sample): string {
  const labels = [...sample.labels].filter(([label]) => !COPY_LABELS.has(label));
  return JSON.stringify(labels.sort(([a], [b]) => (a < b ? -1 : 1)));
}
