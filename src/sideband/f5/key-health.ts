/** How the copying of a pool's API keys goes, and what `/api_key_health` says of it. */

import type { FailureMode, KeySyncSection } from '../../discovery/f5/index.ts';

/** The course of one pool's rounds. */
export interface KeyCourse {
  readonly consecutiveFailures: number;
  readonly totalFailures: number;
  /** Epoch milliseconds; the start before the first success. */
  readonly lastSuccessAtMs: number;
  readonly lastError: string | undefined;
}

export function startCourse(nowMs: number): KeyCourse {
  return { consecutiveFailures: 0, totalFailures: 0, lastSuccessAtMs: nowMs, lastError: undefined };
}

/** @param error what went wrong in this round; nothing when it went well */
export function continueCourse(course: KeyCourse, error: string | undefined, nowMs: number): KeyCourse {
  if (error === undefined) {
    return { ...course, consecutiveFailures: 0, lastSuccessAtMs: nowMs, lastError: undefined };
  }
  return {
    ...course,
    consecutiveFailures: course.consecutiveFailures + 1,
    totalFailures: course.totalFailures + 1,
    lastError: error,
  };
}

const MS_PER_HOUR = 3_600_000;

/** Whether keys that could not be read again are to be taken out of the data group. */
export function mustForgetKeys(
  { failureMode, maxFailures, maxHours }: KeySyncSection,
  course: KeyCourse,
  nowMs: number,
): boolean {
  switch (failureMode) {
    case 'preserve':
      return false;
    case 'clear':
      return true;
    case 'smart':
      return (
        course.consecutiveFailures >= maxFailures || nowMs - course.lastSuccessAtMs >= maxHours * MS_PER_HOUR
      );
    default:
      return failureMode satisfies never;
  }
}

export interface WatchedPool {
  readonly name: string;
  readonly partition: string;
  readonly failureMode: FailureMode;
  readonly course: KeyCourse;
}

/** The shape of the existing scheduler's answer. */
export function keyHealthOf(pools: readonly WatchedPool[], nowMs: number): Record<string, unknown> {
  if (pools.length === 0) return { status: 'disabled', message: 'No pool synchronises API keys' };
  const healthy = pools.filter(({ course }) => course.lastError === undefined).length;
  const status = healthy === pools.length ? 'healthy' : healthy === 0 ? 'unhealthy' : 'degraded';
  return {
    summary: {
      total_pools: pools.length,
      healthy_pools: healthy,
      unhealthy_pools: pools.length - healthy,
      overall_status: status,
      failure_mode: pools[0]!.failureMode,
    },
    pools: Object.fromEntries(
      pools.map(({ name, partition, failureMode, course }) => [
        `${name}_${partition}`,
        {
          pool_name: name,
          is_healthy: course.lastError === undefined,
          consecutive_failures: course.consecutiveFailures,
          total_failures: course.totalFailures,
          last_success_hours_ago: Math.round(((nowMs - course.lastSuccessAtMs) / MS_PER_HOUR) * 100) / 100,
          last_error: course.lastError ?? '',
          failure_mode: failureMode,
        },
      ]),
    ),
  };
}
