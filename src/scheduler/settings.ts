/** What can be set of the scheduler, with its defaults. */

import type { AdmissionLimits } from '../queueing/index.ts';

/** When failures take an instance out, and when it may try again. */
export interface PassiveHealthSettings {
  /** Failures in a row that eject an instance. */
  readonly consecutiveFailures: number;
  /** The first ejection's length, milliseconds; each further one doubles it. */
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
}

export interface RetrySettings {
  /** The most retries of one request. */
  readonly maxRetries: number;
  /** Retries per arriving request that the fleet as a whole may spend. */
  readonly budgetShare: number;
}

export interface SchedulerSettings {
  readonly admission: AdmissionLimits;
  readonly retries: RetrySettings;
  readonly health: PassiveHealthSettings;
  /** How long requests wait while no instance of their model is there, milliseconds. */
  readonly noInstanceWaitMs: number;
  /** A report older than this loses weight, milliseconds; three scrape intervals. */
  readonly reportStaleAfterMs: number;
}

export const DEFAULT_SCHEDULER_SETTINGS: SchedulerSettings = Object.freeze({
  admission: Object.freeze({ maxRequests: 10_000, maxTokens: 50_000_000 }),
  retries: Object.freeze({ maxRetries: 2, budgetShare: 0.2 }),
  health: Object.freeze({ consecutiveFailures: 3, baseEjectionMs: 5_000, maxEjectionMs: 300_000 }),
  noInstanceWaitMs: 10_000,
  reportStaleAfterMs: 3_000,
});
