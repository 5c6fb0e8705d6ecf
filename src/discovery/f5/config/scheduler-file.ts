/** The configuration file of F5's LLM inference scheduler, as it is read: same keys, same defaults, nothing clamped. */

import type { F5Metric, F5ModeName } from '../../../routing/index.ts';

export const F5_ENGINES = ['vllm', 'sglang', 'xinference'] as const;
export type F5Engine = (typeof F5_ENGINES)[number];

export interface SchedulerFile {
  readonly global: GlobalSection;
  readonly f5: ApplianceSection;
  readonly scheduler: SchedulerSection;
  /** Only the first one counts; without any, nothing is scored. */
  readonly modes: readonly ModeSection[];
  readonly pools: readonly PoolSection[];
  readonly metricKeys: MetricKeys;
}

export interface GlobalSection {
  /** Seconds between two looks at the file. */
  readonly interval: unknown;
  /** In capitals. */
  readonly logLevel: string;
  readonly apiPort: unknown;
  /** `undefined` when the file does not say. */
  readonly apiHost: string | undefined;
}

export interface ApplianceSection {
  readonly host: string;
  readonly port: unknown;
  readonly username: string;
  readonly password: string;
  /** Whether the password is the one that every appliance comes with. */
  readonly isDefaultPassword: boolean;
  readonly tls: TlsSection;
}

/** Not known to the existing scheduler, which verifies no certificate. */
export interface TlsSection {
  /** `false` takes any certificate. */
  readonly verify: boolean;
  /** A file with the authorities to trust instead of the system's. */
  readonly caFile?: string;
  /** The name that the certificate must have instead of the host's. */
  readonly serverName?: string;
}

export interface SchedulerSection {
  /** Seconds. */
  readonly poolFetchInterval: unknown;
  /** Milliseconds. */
  readonly metricsFetchInterval: unknown;
  /** Milliseconds after which a member's figures no longer count; not known to the existing scheduler. */
  readonly staleAfter: unknown;
  /** Chooses on the last score however old, as the existing scheduler does. */
  readonly keepLastScore: boolean;
}

export interface ModeSection {
  readonly name: F5ModeName;
  readonly waitingWeight: number;
  readonly cacheWeight: number;
  readonly runningWeight: number;
  readonly transitionPoint: number;
  readonly steepness: number;
}

export interface PoolSection {
  readonly name: string;
  readonly partition: string;
  readonly engine: F5Engine;
  readonly fallback: {
    readonly isFallback: boolean;
    readonly maxRunning: number | undefined;
    readonly maxWaiting: number | undefined;
  };
  readonly metrics: MetricsSection;
  readonly keySync: KeySyncSection | undefined;
  /** `ip:port` of members that no appliance has to be asked for; not known to the existing scheduler. */
  readonly members: readonly string[] | undefined;
}

export interface MetricsSection {
  readonly schema: 'http' | 'https';
  /** `undefined` or 0: the member's own. */
  readonly port: number | undefined;
  readonly path: string;
  /** Seconds. */
  readonly timeout: number;
  readonly apiKey: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsSection;
}

export const FAILURE_MODES = ['preserve', 'clear', 'smart'] as const;
export type FailureMode = (typeof FAILURE_MODES)[number];

/** How an XInference cluster's API keys get into a data group of the appliance. */
export interface KeySyncSection {
  readonly dataGroup: string;
  readonly path: string;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly interval: number;
  readonly apiKey: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly failureMode: FailureMode;
  /** For `smart`: failures in a row, and hours without success, after which the data group is emptied. */
  readonly maxFailures: number;
  readonly maxHours: number;
}

/** Further names of an engine's metrics, by variant in the file's order. */
export type MetricKeys = readonly MetricVariant[];

export interface MetricVariant {
  readonly name: string;
  readonly keys: Readonly<Partial<Record<F5Metric, string>>>;
  /** Whether the cache's usage is given in percent; not known to the existing scheduler. */
  readonly isCacheInPercent: boolean;
}
