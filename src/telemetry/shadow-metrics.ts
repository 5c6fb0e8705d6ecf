/** Reads what a shadow has found into the metrics. */

import type { ShadowCounts, ShadowReport } from '../scheduler/index.ts';
import { type BoundedLabels, OTHER_LABEL, UNKNOWN_LABEL } from './bounded-labels.ts';
import type { MetricStore } from './metric-store.ts';

export interface ShadowMetricsOptions {
  readonly store: MetricStore;
  readonly models: BoundedLabels;
}

export function readShadow(report: ShadowReport, { store, models }: ShadowMetricsOptions): void {
  store.number('signalbox_shadow_info').cell(report.profile ?? '', report.policy ?? '').value = 1;
  const decisions = store.number('signalbox_shadow_decisions_total');
  const count = (model: string, about: string, counts: ShadowCounts | undefined): void => {
    if (counts === undefined) return;
    // Adds rather than sets, since models beyond the label limit share one label.
    decisions.cell(model, about, 'true').value += counts.decisions - counts.disagreements;
    decisions.cell(model, about, 'false').value += counts.disagreements;
  };
  for (const { model, where, when } of report.models) {
    const label = models.labelFor(model);
    count(label, 'where', where);
    count(label, 'when', when);
    const difference = where?.predictedTtftMs;
    // The means of several models under one label would make nothing meaningful.
    if (difference === undefined || label === OTHER_LABEL || label === UNKNOWN_LABEL) continue;
    store.number('signalbox_shadow_predicted_ttft_difference_seconds').cell(label).value =
      difference.mean / 1000;
  }
}
