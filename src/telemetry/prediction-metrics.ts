/** Reads a predictor's own account of its accuracy into the metrics when a page is asked for. */

import type { LatencyPredictor, PredictorAccuracy } from '../domain/index.ts';
import type { MetricNameOf } from './metric-definitions.ts';
import type { MetricStore } from './metric-store.ts';

/** What the metrics need to see of a predictor. */
export type WatchedPredictor = Pick<LatencyPredictor, 'name' | 'accuracy'> & {
  /** Of one that has its times from elsewhere: how often it had, and how often what was learnt stood in. */
  sources?(): { readonly told: number; readonly stoodIn: number } | undefined;
};

const FIGURES: readonly (readonly [MetricNameOf<'gauge'>, Exclude<keyof PredictorAccuracy, 'samples'>])[] = [
  ['signalbox_prediction_ttft_error_ratio', 'ttftMape'],
  ['signalbox_prediction_tpot_error_ratio', 'tpotMape'],
  ['signalbox_prediction_ttft_within_p80_ratio', 'ttftWithinP80'],
];

/** A figure without a sample has no series: 0 would read as perfect, or as useless. */
export function readPredictor(predictor: WatchedPredictor, store: MetricStore): void {
  const sources = predictor.sources?.();
  const predictions = store.number('signalbox_predictions_total');
  predictions.clear();
  if (sources !== undefined) {
    predictions.cell(predictor.name, 'told').value = sources.told;
    predictions.cell(predictor.name, 'stand-in').value = sources.stoodIn;
  }
  const measured = predictor.accuracy();
  for (const [metric, figure] of FIGURES) {
    store.number(metric).clear();
    if (!Number.isNaN(measured[figure])) store.number(metric).cell(predictor.name).value = measured[figure];
  }
}
