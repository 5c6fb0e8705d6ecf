/** A decision's prediction beside what then happened. */

import type { LoggedDecision } from './decision-log.ts';

export interface PredictionOutcome {
  /** Milliseconds from this dispatch to the first byte of the answer. */
  readonly actualMs: number;
  /** How much later it came than predicted; negative when it came sooner. */
  readonly errorMs: number;
  /** Whether it came within what four of five were predicted to stay within. */
  readonly isWithinP80?: boolean;
}

/**
 * `undefined` where nothing was predicted or nothing can be compared: while the request runs, when it failed or was tried
 * again elsewhere, and for an answer in one piece, whose first byte is its end.
 */
export function predictionOutcome({ decision, outcome }: LoggedDecision): PredictionOutcome | undefined {
  const { predictedTtftMs: predicted } = decision;
  if (predicted === undefined || outcome?.ttftMs === undefined) return undefined;
  const isAnswered = outcome.outcome === 'completed' || outcome.outcome === 'cancelled';
  if (!isAnswered || !outcome.stream || outcome.decisionId !== decision.id) return undefined;
  const actualMs = outcome.arrivalMs + outcome.ttftMs - decision.atMs;
  return {
    actualMs,
    errorMs: actualMs - predicted.mean,
    ...(predicted.p80 !== undefined && { isWithinP80: actualMs <= predicted.p80 }),
  };
}
