/** How well predictions of tasks came true, by who made them. */

import { valueExtended } from '../strategies/distributions/quantile-table.ts';
import type { TaskPrediction } from '../task.ts';
import { RecentMean } from './recent-mean.ts';

export interface PredictionScore {
  readonly source: string;
  readonly samples: number;
  /** Mean absolute error as a share of what it took. */
  readonly mape: number;
  /** Share of tasks that took no longer than their 80 % quantile. */
  readonly withinP80: number;
}

/** Normal deviations up to the 80 % quantile. */
const P80_DEVIATIONS = 0.8416;

export class PredictionScores {
  readonly #sources = new Map<string, { readonly error: RecentMean; readonly withinP80: RecentMean }>();

  /** A task that says it took no time has nothing to be compared with. */
  add(source: string, prediction: TaskPrediction, tookMs: number): void {
    if (!(tookMs > 0 && Number.isFinite(tookMs))) return;
    let scores = this.#sources.get(source);
    if (scores === undefined) {
      scores = { error: new RecentMean(), withinP80: new RecentMean() };
      this.#sources.set(source, scores);
    }
    scores.error.add(Math.abs(prediction.expectedMs - tookMs) / tookMs);
    scores.withinP80.add(Number(tookMs <= p80MsOf(prediction)));
  }

  read(): readonly PredictionScore[] {
    return Array.from(this.#sources, ([source, { error, withinP80 }]) => ({
      source,
      samples: error.count,
      mape: error.mean,
      withinP80: withinP80.mean,
    }));
  }
}

export function p80MsOf({ expectedMs, errorMs, quantiles }: TaskPrediction): number {
  return quantiles === undefined ? expectedMs + P80_DEVIATIONS * errorMs : valueExtended(quantiles, 0.8);
}
