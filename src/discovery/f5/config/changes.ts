/** What differs between two versions of the file, and whether the new one may take the old one's place. */

import { ConfigurationError } from './configuration-error.ts';
import type { SchedulerFile } from './scheduler-file.ts';
import { notAllowed } from './values.ts';

export interface FileChanges {
  readonly global: boolean;
  readonly interval: boolean;
  readonly logLevel: boolean;
  readonly apiPort: boolean;
  readonly apiHost: boolean;
  readonly f5: boolean;
  readonly scheduler: boolean;
  readonly poolFetchInterval: boolean;
  readonly metricsFetchInterval: boolean;
  readonly modes: boolean;
  readonly pools: boolean;
  readonly metricKeys: boolean;
}

export function compareFiles(before: SchedulerFile, after: SchedulerFile): FileChanges {
  return {
    global: differ(before.global, after.global),
    interval: differ(before.global.interval, after.global.interval),
    logLevel: differ(before.global.logLevel, after.global.logLevel),
    apiPort: differ(before.global.apiPort, after.global.apiPort),
    apiHost: differ(before.global.apiHost, after.global.apiHost),
    f5: differ(before.f5, after.f5),
    scheduler: differ(before.scheduler, after.scheduler),
    poolFetchInterval: differ(before.scheduler.poolFetchInterval, after.scheduler.poolFetchInterval),
    metricsFetchInterval: differ(before.scheduler.metricsFetchInterval, after.scheduler.metricsFetchInterval),
    modes: differ(before.modes, after.modes),
    pools: differ(before.pools, after.pools),
    metricKeys: differ(before.metricKeys, after.metricKeys),
  };
}

/**
 * At the start an interval that cannot be used is replaced; in a running system the whole new file is refused.
 * @throws ConfigurationError
 */
export function requireReloadable({ global, scheduler }: SchedulerFile): void {
  const intervals = {
    'global.interval': global.interval,
    'scheduler.pool_fetch_interval': scheduler.poolFetchInterval,
    'scheduler.metrics_fetch_interval': scheduler.metricsFetchInterval,
  };
  for (const [path, value] of Object.entries(intervals)) {
    if (Number(value) > 0) continue;
    const { message } = notAllowed(path, value, 'a number above 0');
    throw new ConfigurationError(`New configuration validation failed: ${message}`);
  }
}

/** Both come out of the same parser, so equal values have their keys in the same order. */
function differ(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}
