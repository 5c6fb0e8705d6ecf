/** Counts agreements and sums up differences. */

import type { DifferenceSummary, WhenCounts, WhereCounts } from './report.ts';

export class Difference {
  #samples = 0;
  #sum = 0;
  #lower = 0;

  add(value: number): void {
    this.#samples++;
    this.#sum += value;
    if (value < 0) this.#lower++;
  }

  get hasSamples(): boolean {
    return this.#samples > 0;
  }

  summary(): DifferenceSummary {
    const samples = this.#samples;
    return { samples, mean: ratio(this.#sum, samples), lowerShare: ratio(this.#lower, samples) };
  }
}

export class WhereTally {
  decisions = 0;
  disagreements = 0;
  equalScores = 0;
  wouldWait = 0;
  readonly predictedTtftMs = new Difference();
  readonly load = new Difference();

  counts(): WhereCounts {
    const { decisions, disagreements, equalScores, wouldWait, predictedTtftMs, load } = this;
    return {
      decisions,
      disagreements,
      disagreementShare: ratio(disagreements, decisions),
      equalScores,
      wouldWait,
      ...(predictedTtftMs.hasSamples && { predictedTtftMs: predictedTtftMs.summary() }),
      load: load.summary(),
    };
  }
}

export class WhenTally {
  decisions = 0;
  disagreements = 0;
  withChoice = 0;
  readonly waitedMs = new Difference();

  counts(): WhenCounts {
    const { decisions, disagreements, withChoice, waitedMs } = this;
    return {
      decisions,
      disagreements,
      disagreementShare: ratio(disagreements, decisions),
      withChoice,
      waitedMs: waitedMs.summary(),
    };
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
