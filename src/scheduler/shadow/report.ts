/** What a shadow has found: how often it would have decided otherwise, and what difference that would have made. */

import type { PredictedMs, RequestPriority, SchedulingDecision } from '../../domain/index.ts';
import type { RoutingChoice } from '../../routing/index.ts';

/** Over the disagreements for which it is known: the shadow's figure minus ours, so that negative is less with the shadow. */
export interface DifferenceSummary {
  readonly samples: number;
  /** 0 while there is no sample. */
  readonly mean: number;
  /** Share of the samples that are below 0. */
  readonly lowerShare: number;
}

export interface ShadowCounts {
  readonly decisions: number;
  readonly disagreements: number;
  /** Disagreements per decision; 0 before the first. */
  readonly disagreementShare: number;
}

/** Which instance: the second profile beside ours. */
export interface WhereCounts extends ShadowCounts {
  /** Disagreements in which the shadow's profile gave both instances the same total, so that only its picker made the difference. */
  readonly equalScores: number;
  /** Disagreements in which the shadow's profile would have sent the request nowhere yet. */
  readonly wouldWait: number;
  /** Predicted time to first token, milliseconds; absent where nothing predicts. */
  readonly predictedTtftMs?: DifferenceSummary;
  /** Requests at the instance per unit of its weight. */
  readonly load: DifferenceSummary;
}

/** Which request goes first: the second policy beside ours. */
export interface WhenCounts extends ShadowCounts {
  /** Decisions at which more than one request waited, so that there was something to disagree about. */
  readonly withChoice: number;
  /** How long the request that went first had waited, milliseconds. */
  readonly waitedMs: DifferenceSummary;
}

/** What the report says of a request that waited; not the request itself, whose text may be long. */
export interface WaitingFacts {
  readonly requestId: string;
  readonly priority: RequestPriority;
  readonly waitedMs: number;
  /** Its prompt and the answer asked for. */
  readonly tokens: number;
  readonly tenant?: string;
  readonly deadlineMs?: number;
}

interface Disagreement {
  /** Our own decision, which explains itself. */
  readonly decision: SchedulingDecision;
}

export interface WhereDisagreement extends Disagreement {
  readonly about: 'where';
  /** `undefined`: it would have sent the request nowhere yet. */
  readonly shadow: RoutingChoice | undefined;
  readonly oursPredictedMs?: PredictedMs;
  readonly shadowPredictedMs?: PredictedMs;
  readonly oursLoad: number;
  readonly shadowLoad?: number;
}

export interface WhenDisagreement extends Disagreement {
  readonly about: 'when';
  readonly ours: WaitingFacts;
  /** `undefined`: it would have let nobody go yet. */
  readonly shadow: WaitingFacts | undefined;
  /** The shadow's own reason, where its policy gives one. */
  readonly reason?: string;
}

export type ShadowDisagreement = WhereDisagreement | WhenDisagreement;

export interface ModelComparison {
  readonly model: string;
  readonly where?: WhereCounts;
  readonly when?: WhenCounts;
}

export interface ShadowReport {
  /** The profile in the shadow; absent when only a policy is. */
  readonly profile?: string;
  readonly policy?: string;
  /** What it was compared with; absent before the first decision. */
  readonly against?: { readonly profile: string; readonly policy: string };
  /** Since when, epoch milliseconds; anew when what it is compared with changes. */
  readonly sinceMs: number;
  /** Why it no longer decides: what its profile or policy threw. */
  readonly failure?: string;
  readonly where?: WhereCounts;
  readonly when?: WhenCounts;
  readonly models: readonly ModelComparison[];
  /** The last ones, newest first. */
  readonly disagreements: readonly ShadowDisagreement[];
}
