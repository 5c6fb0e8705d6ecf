/** What the file means for us: units that say what they are, and usable values in place of those that are not. */

import type { F5ModeSettings } from '../../../routing/index.ts';
import type { MetricKeys, PoolSection, SchedulerFile, TlsSection } from './scheduler-file.ts';

export interface F5Settings {
  /** Between two looks at the file. */
  readonly reloadIntervalMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly listener: {
    readonly host: string;
    readonly port: number;
  };
  /** Absent when every pool names its members. */
  readonly appliance?: ApplianceSettings;
  readonly poolFetchIntervalMs: number;
  readonly metricsFetchIntervalMs: number;
  readonly staleAfterMs: number;
  readonly keepLastScore: boolean;
  /** Without one nothing is scored. */
  readonly mode?: F5ModeSettings;
  readonly pools: readonly PoolSection[];
  readonly metricKeys: MetricKeys;
}

export interface ApplianceSettings {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly tls: TlsSection;
}

export interface ReadySettings {
  readonly settings: F5Settings;
  readonly warnings: readonly string[];
}

/** The existing scheduler listens on every address; whoever may ask also sees all pools, so ours has to be told to. */
const DEFAULT_HOST = '127.0.0.1';

const LOG_LEVELS: Readonly<Record<string, F5Settings['logLevel']>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
  FATAL: 'fatal',
};

export function toF5Settings(file: SchedulerFile): ReadySettings {
  const warnings: string[] = [];
  const { global, f5, scheduler, modes, metricKeys } = file;
  const above0 = (value: unknown, path: string, fallback: number) =>
    usable(value, (found) => found > 0, { path, fallback, allowed: 'a number above 0', warnings });
  const port = (value: unknown, path: string, fallback: number) =>
    usable(value, isPort, { path, fallback, allowed: 'a port from 0 to 65535', warnings });
  const pools = file.pools.map((pool) => withUsableTimes(pool, above0));
  const metricsFetchIntervalMs = above0(
    scheduler.metricsFetchInterval,
    'scheduler.metrics_fetch_interval',
    5_000,
  );
  const staleAfterMs = defaultStaleAfterMs(metricsFetchIntervalMs, pools);
  const logLevel = LOG_LEVELS[global.logLevel];
  if (logLevel === undefined) warnings.push(`global.log_level: found ${global.logLevel}; INFO is used`);
  const settings: F5Settings = {
    reloadIntervalMs: above0(global.interval, 'global.interval', 60) * 1_000,
    logLevel: logLevel ?? 'info',
    listener: {
      host: global.apiHost ?? DEFAULT_HOST,
      port: port(global.apiPort, 'global.api_port', 8080),
    },
    ...(f5.host !== '' && {
      appliance: {
        host: f5.host,
        port: port(f5.port, 'f5.port', 443),
        username: f5.username,
        password: f5.password,
        tls: f5.tls,
      },
    }),
    poolFetchIntervalMs: above0(scheduler.poolFetchInterval, 'scheduler.pool_fetch_interval', 10) * 1_000,
    metricsFetchIntervalMs,
    staleAfterMs:
      scheduler.staleAfter === undefined
        ? staleAfterMs
        : above0(scheduler.staleAfter, 'scheduler.stale_after', staleAfterMs),
    keepLastScore: scheduler.keepLastScore,
    ...(modes[0] !== undefined && { mode: modes[0] }),
    pools,
    metricKeys,
  };
  return { settings, warnings: [...warnings, ...warningsAbout(file)] };
}

type Above0 = (value: unknown, path: string, fallback: number) => number;

/** With no time to answer in, no engine ever would. */
function withUsableTimes(pool: PoolSection, above0: Above0): PoolSection {
  const { name, metrics, keySync } = pool;
  const timeout = above0(metrics.timeout, `pools (${name}).metrics.timeout`, 3);
  return {
    ...pool,
    metrics: { ...metrics, timeout },
    keySync: keySync && {
      ...keySync,
      timeout: above0(keySync.timeout, `pools (${name}).model_APIkey.timeout`, 4),
      interval: above0(keySync.interval, `pools (${name}).model_APIkey.api_key_sync_interval`, 300),
    },
  };
}

/** Time for a reading to be missed twice, be it that it fails or that it runs into its time limit. */
function defaultStaleAfterMs(intervalMs: number, pools: readonly PoolSection[]): number {
  const longestMs = Math.max(0, ...pools.map(({ metrics }) => metrics.timeout * 1_000));
  return Math.max(3 * intervalMs, intervalMs + 2 * longestMs);
}

function warningsAbout({ f5, modes, pools }: SchedulerFile): string[] {
  const warnings: string[] = [];
  if (f5.host !== '' && f5.isDefaultPassword) {
    warnings.push('f5.password_env: no password is given, so the one that appliances come with is tried');
  }
  if (f5.host !== '' && !f5.tls.verify) {
    warnings.push('f5.tls.verify: the appliance may be anyone, its certificate is not looked at');
  }
  if (modes.length === 0) warnings.push('modes: there is none, so no member is ever chosen');
  if (modes.length > 1) warnings.push(`modes: only the first of ${modes.length} is used`);
  const keys = pools.map(({ name, partition }) => `${name}:${partition}`);
  for (const key of new Set(keys.filter((one, i) => keys.indexOf(one) !== i))) {
    warnings.push(`pools: ${key} is there more than once; the last one counts`);
  }
  return warnings;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

interface Usage {
  readonly path: string;
  readonly fallback: number;
  readonly allowed: string;
  readonly warnings: string[];
}

function usable(
  value: unknown,
  isUsable: (value: number) => boolean,
  { path, fallback, allowed, warnings }: Usage,
): number {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof found === 'number' && Number.isFinite(found) && isUsable(found)) return found;
  warnings.push(`${path}: found ${JSON.stringify(value)}, allowed is ${allowed}; ${fallback} is used`);
  return fallback;
}
