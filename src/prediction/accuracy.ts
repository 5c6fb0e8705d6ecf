/** How well predictions came true, over the last so many. */

import type { PredictedMs, PredictorAccuracy } from '../domain/index.ts';

/** Predictions of each kind that count. */
const WINDOW = 1000;

export class Accuracy {
  readonly #ttftErrors = new RecentMean(WINDOW);
  readonly #tpotErrors = new RecentMean(WINDOW);
  readonly #ttftWithinP80 = new RecentMean(WINDOW);

  sawTtft(predicted: PredictedMs, actualMs: number): void {
    if (!(actualMs > 0)) return;
    this.#ttftErrors.add(Math.abs(predicted.mean - actualMs) / actualMs);
    this.#ttftWithinP80.add(Number(actualMs <= p80Of(predicted)));
  }

  sawTpot(predicted: PredictedMs, actualMs: number): void {
    if (actualMs > 0) this.#tpotErrors.add(Math.abs(predicted.mean - actualMs) / actualMs);
  }

  read(): PredictorAccuracy {
    return {
      samples: this.#ttftErrors.count,
      ttftMape: this.#ttftErrors.mean,
      tpotMape: this.#tpotErrors.mean,
      ttftWithinP80: this.#ttftWithinP80.mean,
    };
  }
}

/** The 80 % quantile as foretold, or that of a normal distribution where only its moments are. */
export function p80Of({ mean, standardDeviation, p80 }: PredictedMs): number {
  return p80 ?? mean + 0.8416 * standardDeviation;
}

/** The mean of the last `size` values; NaN while there is none. */
class RecentMean {
  readonly #values: Float64Array;
  #next = 0;
  count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.count = Math.min(this.count + 1, this.#values.length);
  }

  get mean(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.#values[i]!;
    return sum / this.count;
  }
}
