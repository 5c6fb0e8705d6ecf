/** How observations lie around predictions: a sketch of observed/predicted, in which the recent counts more. */

import type { PredictedMs } from '../../domain/index.ts';
import { QuantileSketch } from '../quantile-sketch.ts';

/** At so many samples, each counts half from then on. */
const HALVE_AT = 256;
/** Before so many, the spread is the one assumed at the start. */
const ENOUGH = 10;
const RATIO_RANGE = { relativeError: 0.01, min: 1e-3, max: 1e3 } as const;

export class Residuals {
  readonly #ratios = new QuantileSketch(RATIO_RANGE);
  readonly #assumedDeviation: number;
  #weight = 0;
  #mean = 1;
  #squares = 0;
  /** Computed anew only when something was added. */
  #p80: number | undefined;

  /** @param assumedDeviation standard deviation of observed/predicted to be taken for granted at first */
  constructor(assumedDeviation: number) {
    this.#assumedDeviation = assumedDeviation;
  }

  add(ratio: number): void {
    this.#ratios.add(ratio);
    this.#p80 = undefined;
    const bounded = Math.min(ratio, 10);
    this.#weight++;
    const before = this.#mean;
    this.#mean += (bounded - before) / this.#weight;
    this.#squares += (bounded - before) * (bounded - this.#mean);
    if (this.#ratios.count < HALVE_AT) return;
    this.#ratios.halve();
    this.#weight /= 2;
    this.#squares /= 2;
  }

  /** `mean` as a distribution. */
  around(mean: number): PredictedMs {
    if (this.#ratios.count < ENOUGH) {
      const standardDeviation = mean * this.#assumedDeviation;
      // The 80 % quantile of a normal distribution.
      return { mean, standardDeviation, p80: mean + 0.8416 * standardDeviation };
    }
    this.#p80 ??= this.#ratios.quantile(0.8);
    return {
      mean,
      standardDeviation: mean * Math.sqrt(this.#squares / this.#weight),
      p80: mean * this.#p80,
    };
  }
}
