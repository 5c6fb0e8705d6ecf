/** Where and with what it was measured, so that a figure can be judged by who reads it later. */

import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { ContenderName, ContenderPlan } from '../contender.ts';
import { missingProgram, programVersion } from './find-program.ts';
import { CONTENDER_CORE, LOAD_CORE, notPinnedBecause } from './pinning.ts';

export interface About {
  readonly measuredAt: string;
  readonly commit: string;
  /** Whether files differed from the commit. */
  readonly hasUncommittedChanges: boolean;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly pinning: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function aboutThisRun(plans: Readonly<Record<ContenderName, ContenderPlan>>): About {
  const contenders = Object.values(plans).filter(({ name }) => name !== 'direct');
  const versions = contenders.map((plan) => [plan.name, versionOf(plan)]);
  const wrk = missingProgram('wrk') === undefined ? programVersion('wrk', '-v') : 'not installed';
  const [first] = cpus();
  const unpinned = notPinnedBecause();
  return {
    measuredAt: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD') ?? 'unknown',
    hasUncommittedChanges: (git('status', '--porcelain', '--', 'src', 'package-lock.json') ?? '') !== '',
    node: process.version,
    kernel: release(),
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    pinning:
      unpinned === undefined
        ? `load and upstream on core ${LOAD_CORE}, contender on core ${CONTENDER_CORE}`
        : `none: ${unpinned}`,
    versions: Object.fromEntries([...versions, ['wrk', wrk]]),
  };
}

/** How many processes wanted to run, averaged over the last minute: above 2 on two cores, others were at work. */
export function loadAverage(): number {
  return Number(loadavg()[0]!.toFixed(2));
}

function versionOf(plan: ContenderPlan): string {
  return plan.missing() === undefined ? plan.version() : 'not installed';
}

function git(...args: string[]): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio }).trim();
  } catch {
    return undefined;
  }
}
