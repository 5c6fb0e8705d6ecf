/** What is known of one instance, for the start-up banner and the operator's list. */

import type { EngineKind, InstanceReport } from '../domain/index.ts';
import type { HealthVerdict } from '../engines/index.ts';

export interface LookUpDescription {
  /** Why the last look-up failed; `undefined` when it succeeded. */
  readonly lastError: string | undefined;
  /** Each page that a failed look-up asked for, and what came of it. */
  readonly tried: readonly string[];
  readonly consecutiveFailures: number;
  /** Milliseconds since the engine was last looked at with success. */
  readonly ageMs: number | undefined;
}

export interface ScrapeDescription {
  /** `false` when scraping is off or the engine has nothing to be read. */
  readonly isActive: boolean;
  readonly lastReport: InstanceReport | undefined;
  /** Milliseconds since the reading that `lastReport` holds. */
  readonly ageMs: number | undefined;
  readonly lastError: string | undefined;
  readonly lastErrorAgeMs: number | undefined;
  readonly consecutiveFailures: number;
}

export interface HealthDescription {
  readonly verdict: HealthVerdict;
  readonly lastError: string | undefined;
  /** Milliseconds since the last check. */
  readonly ageMs: number | undefined;
  readonly consecutiveFailures: number;
}

export interface InstanceDescription {
  readonly id: string;
  readonly url: string;
  /** `false` while its engine or models are not known: the scheduler has not heard of it. */
  readonly isKnown: boolean;
  readonly engine: EngineKind | undefined;
  readonly engineVersion: string | undefined;
  /** What the engine was recognised by, in words. */
  readonly evidence: readonly string[];
  readonly models: readonly string[];
  readonly adapters: readonly string[];
  readonly maxContextTokens: number | undefined;
  readonly lookUp: LookUpDescription;
  readonly scrape: ScrapeDescription;
  readonly health: HealthDescription;
}
