/** The record of one decision: who goes where, and why. */

import type { ParallelSizes } from './instance.ts';

/** How one candidate fared. */
export interface CandidateVerdict {
  readonly instanceId: string;
  /** The filter that dropped it; absent for a candidate that stayed in. */
  readonly droppedBy?: string;
  /** Weighted sum of the scores; only for a candidate that stayed in. */
  readonly total?: number;
  /** Each scorer's number in [0, 1], before its weight. */
  readonly scores?: Readonly<Record<string, number>>;
  /** Each scorer's reason in words. */
  readonly reasons?: Readonly<Record<string, string>>;
}

/** A prediction as mean and standard deviation, milliseconds. */
export interface PredictedMs {
  readonly mean: number;
  readonly standardDeviation: number;
  /** What four of five are expected to stay within, from the errors seen rather than from an assumed shape. */
  readonly p80?: number;
}

/** One request bound to one instance. */
export interface SchedulingDecision {
  readonly id: string;
  readonly requestId: string;
  readonly instanceId: string;
  readonly model: string;
  readonly atMs: number;
  /** How long the request waited in our queue. */
  readonly queueMs: number;
  /** 1 for the first dispatch of a request, 2 for its first retry, … */
  readonly attempt: number;
  readonly policy: string;
  readonly profile: string;
  /** The weighted sum that the chosen instance got. */
  readonly score: number;
  readonly parallel: ParallelSizes;
  readonly predictedTtftMs?: PredictedMs;
  /** The reason in words. */
  readonly reason: string;
  /** At most as many candidates as the recorder keeps, the chosen one first. */
  readonly candidates: readonly CandidateVerdict[];
  /** How many instances were looked at in all. */
  readonly candidateCount: number;
  /** How many instances each filter dropped; filters that dropped none are absent. */
  readonly filteredOut: Readonly<Record<string, number>>;
}
