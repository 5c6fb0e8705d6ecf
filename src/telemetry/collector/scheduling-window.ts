/** The figures of deciding itself: time of decisions, errors of predictions, length of the queue, waits. */

import { SlidingWindow, type WindowOptions } from './sliding-window.ts';

const SUM = {
  decisions: 0,
  decisionMicros: 1,
  predictions: 2,
  accurate: 3,
  errorMs: 4,
  lengths: 5,
  samples: 6,
} as const;
const SKETCH = { decisionMicros: 0, errorMs: 1 } as const;
const MAX_LENGTH = 0;

export class SchedulingWindow {
  readonly #window: SlidingWindow;

  constructor(options: WindowOptions) {
    this.#window = new SlidingWindow(options, { sums: 7, maxima: 1, sketches: 2 });
  }

  decided(tookMicros: number, nowMs: number): void {
    this.#window.addTo(SUM.decisions, 1, nowMs);
    this.#window.addTo(SUM.decisionMicros, tookMicros, nowMs);
    this.#window.observe(SKETCH.decisionMicros, tookMicros, nowMs);
  }

  predicted(errorMs: number, isAccurate: boolean, nowMs: number): void {
    this.#window.addTo(SUM.predictions, 1, nowMs);
    this.#window.addTo(SUM.accurate, Number(isAccurate), nowMs);
    this.#window.addTo(SUM.errorMs, errorMs, nowMs);
    this.#window.observe(SKETCH.errorMs, errorMs, nowMs);
  }

  waiting(requests: number, nowMs: number): void {
    this.#window.addTo(SUM.samples, 1, nowMs);
    this.#window.addTo(SUM.lengths, requests, nowMs);
    this.#window.raise(MAX_LENGTH, requests, nowMs);
  }

  figures(nowMs: number) {
    const sum = (index: number) => this.#window.sum(index, nowMs);
    const [decisions, predictions, samples] = [sum(SUM.decisions), sum(SUM.predictions), sum(SUM.samples)];
    const meanMicros = sum(SUM.decisionMicros) / decisions;
    return {
      schedulingLatencyMicros: this.#window.quantiles(SKETCH.decisionMicros, [0.5], nowMs)[0]!,
      schedulingThroughput: decisions >= 2 && meanMicros > 0 ? 1e6 / meanMicros : 0,
      avgPredictionErrorMs: predictions === 0 ? 0 : sum(SUM.errorMs) / predictions,
      p95PredictionErrorMs: this.#window.quantiles(SKETCH.errorMs, [0.95], nowMs)[0]!,
      predictionAccuracyRate: predictions === 0 ? 1 : sum(SUM.accurate) / predictions,
      avgQueueLength: samples === 0 ? 0 : sum(SUM.lengths) / samples,
      maxQueueLength: this.#window.maximum(MAX_LENGTH, nowMs),
    };
  }
}
