/** What differs between two configurations, and what of it a running process cannot take over. */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.ts';
import { Secret } from './secret.ts';

/** Keys that are read once, at the start. */
export const RESTART_KEYS: readonly string[] = [
  'listeners',
  'seed',
  'f5',
  'tasks.enabled',
  'tasks.store',
  'tasks.heartbeatMs',
  'pipelines',
  'decisions.keep',
  'limits.maxHeaderBytes',
  'limits.headTimeoutMs',
  'limits.bodyIdleTimeoutMs',
  'limits.bodyTimeoutMs',
  'limits.writeIdleTimeoutMs',
  'limits.keepAliveTimeoutMs',
  'upstream.connectTimeoutMs',
  'upstream.keepAliveTimeoutMs',
  'logging.format',
  'telemetry.tracing',
  'reload',
];

export interface ConfigChange {
  /** Dotted keys whose values differ, in the order of the alphabet; lists count as one value. */
  readonly changed: readonly string[];
  /** Those of them that come into force only at the next start. */
  readonly needsRestart: readonly string[];
}

export function compareConfigs(before: Config, after: Config): ConfigChange {
  const changed = changedKeys(before, after);
  return { changed, needsRestart: keysNeedingRestart(changed) };
}

export function changedKeys(before: Config, after: Config): readonly string[] {
  return differences(before, after, '').sort();
}

export function keysNeedingRestart(changed: readonly string[]): readonly string[] {
  return changed.filter((key) => RESTART_KEYS.some((fixed) => key === fixed || key.startsWith(`${fixed}.`)));
}

function differences(before: unknown, after: unknown, key: string): string[] {
  if (isSection(before) && isSection(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      differences(before[name], after[name], key === '' ? name : `${key}.${name}`),
    );
  }
  return areEqual(before, after) ? [] : [key];
}

function areEqual(before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(revealed(before), revealed(after));
}

/** Secrets keep their value where no comparison sees it, so it is laid open for this one. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (Array.isArray(value)) return value.map(revealed);
  if (!isSection(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Secret);
}
