/** Runs `f5-config.jsonl`: loading the existing scheduler's file, and changing it while it is in use. */

import { compareFiles, requireReloadable } from '../../../src/discovery/f5/config/changes.ts';
import {
  defaultSchedulerFile,
  parseSchedulerFile,
} from '../../../src/discovery/f5/config/parse-scheduler-file.ts';
import type {
  KeySyncSection,
  PoolSection,
  SchedulerFile,
} from '../../../src/discovery/f5/config/scheduler-file.ts';
import type { Environment } from '../../../src/discovery/f5/config/values.ts';
import { candidatesFor } from '../../../src/discovery/f5/metrics/candidates.ts';
import { poolSettingsOf } from '../../../src/sideband/f5/pool-settings.ts';
import { PoolTable, poolKey } from '../../../src/sideband/index.ts';
import { firstDifference, runAll, type VectorOutcome, type Verdict } from './outcome.ts';

interface LoadRecord {
  readonly id: string;
  readonly kind: 'load';
  readonly yaml: string | null;
  readonly env: Environment;
  readonly error: { readonly message: string } | null;
  readonly config: Readonly<Record<string, unknown>> | null;
}

interface ReloadRecord {
  readonly id: string;
  readonly kind: 'reload';
  readonly old_yaml: string;
  readonly new_yaml: string;
  readonly load_error: unknown;
  readonly changes: Readonly<Record<string, boolean>> | null;
  readonly apply_error?: { readonly message: string };
  readonly interval_changed?: boolean;
  readonly config_is_new: boolean;
  readonly pools_after: Readonly<Record<string, unknown>>;
  readonly candidates_after: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly f5_host_after: string | null;
}

export function runConfig(lines: readonly string[]): Promise<VectorOutcome> {
  return runAll<LoadRecord | ReloadRecord>(lines, (record) =>
    record.kind === 'load' ? judgeLoad(record) : judgeReload(record),
  );
}

const FAULT_12 = 'fault 12: what stands at pool_fallback is not looked at, and any text is true';

/** What is not one of YAML's own words for true and false. */
const hasOddFallback = (yaml: string | null) =>
  /pool_fallback:(?! *(?:true|false|yes|no|on|off)\b)/i.test(yaml ?? '');

function judgeLoad(record: LoadRecord): Verdict {
  const verdict = judgeLoaded(record);
  const isFault12 = verdict !== undefined && 'why' in verdict && hasOddFallback(record.yaml);
  return isFault12 ? { skip: FAULT_12 } : verdict;
}

function judgeLoaded({ yaml, env, error, config }: LoadRecord): Verdict {
  const loaded = attempt(() =>
    yaml === null ? defaultSchedulerFile(env) : parseSchedulerFile(yaml, env).file,
  );
  if (typeof loaded === 'string') {
    return error === null
      ? { why: `found the error ${loaded}` }
      : wrong(messageDifference(loaded, error.message));
  }
  if (error !== null) return { why: `found no error, expected ${error.message}` };
  if (/engine_type: [A-Z]/.test(yaml ?? '') && config !== null) {
    const lower = JSON.parse(
      JSON.stringify(config).replaceAll(/"engine_type":"(\w+)"/g, (all) => all.toLowerCase()),
    );
    const difference = firstDifference(shown(loaded), lower);
    return wrong(difference) ?? { skip: 'fault 11: engine_type in capitals is accepted and then fails' };
  }
  return wrong(firstDifference(shown(loaded), withPasswords(config, env)));
}

/** The records tell the name of the variable with the keys' password, ours its value. */
function withPasswords(config: unknown, env: Environment): unknown {
  return JSON.parse(JSON.stringify(config), (key, value: unknown) =>
    key === 'apikey_pwd_env' && typeof value === 'string' ? (env[value] ?? '') : value,
  );
}

/** A message that is the existing scheduler's own text is kept; one that its language wrote is put into words. */
function messageDifference(found: string, expected: string): string | undefined {
  const [beginning] = /^Configuration file [a-z ]+: /.exec(expected) ?? [''];
  const isInternal =
    beginning.includes('format error') ||
    /NoneType|invalid literal|could not convert|argument must be|not iterable|object has/.test(expected);
  if (isInternal && found.startsWith(beginning) && found.length > beginning.length) return undefined;
  return firstDifference(found, expected);
}

/** The configuration in the words of the existing scheduler. */
function shown({ global, f5, scheduler, modes, pools, metricKeys }: SchedulerFile): unknown {
  return {
    global_config: {
      interval: global.interval,
      log_debug: global.logLevel === 'DEBUG',
      log_level: global.logLevel,
      api_port: global.apiPort,
      // Only told to does ours listen on every address.
      api_host: global.apiHost ?? '0.0.0.0',
    },
    f5: { host: f5.host, port: f5.port, username: f5.username, password: f5.password },
    scheduler: {
      pool_fetch_interval: scheduler.poolFetchInterval,
      metrics_fetch_interval: scheduler.metricsFetchInterval,
    },
    modes: modes.map((mode) => ({
      name: mode.name,
      w_a: mode.waitingWeight,
      w_b: mode.cacheWeight,
      w_g: mode.runningWeight,
      transition_point: mode.transitionPoint,
      steepness: mode.steepness,
    })),
    pools: pools.map(shownPool),
    engine_metrics_keys: Object.fromEntries(metricKeys.map(({ name, keys }) => [name, keys])),
  };
}

function shownPool({ name, partition, engine, fallback, metrics, keySync }: PoolSection): unknown {
  return {
    name,
    partition,
    engine_type: engine,
    fallback: {
      pool_fallback: fallback.isFallback,
      member_running_req_threshold: fallback.maxRunning ?? null,
      member_waiting_queue_threshold: fallback.maxWaiting ?? null,
    },
    metrics: {
      schema: metrics.schema,
      port: metrics.port ?? null,
      path: metrics.path,
      api_key: metrics.apiKey ?? null,
      metric_user: metrics.user ?? null,
      metric_password: metrics.password ?? null,
      timeout: metrics.timeout,
    },
    model_APIkey: keySync === undefined ? null : shownKeySync(keySync),
  };
}

function shownKeySync(keys: KeySyncSection): unknown {
  return {
    path: keys.path,
    f5datagroup: keys.dataGroup,
    timeout: keys.timeout,
    api_key_sync_interval: keys.interval,
    APIkey: keys.apiKey ?? null,
    apikey_user: keys.user ?? null,
    apikey_pwd_env: keys.password ?? null,
    failure_mode: keys.failureMode,
    max_failures_threshold: keys.maxFailures,
    failure_timeout_hours: keys.maxHours,
  };
}

/** What the pool holds before the change, in every record. */
const BEFORE = {
  address: { ip: '10.0.0.1', port: 8001 },
  score: 0.6,
  metrics: { waiting_queue: 1, cache_usage: 0.5, running_req: 2 },
  keys: { cache_usage: 'vllm:gpu_cache_usage_perc' },
};

function judgeReload(record: ReloadRecord): Verdict {
  const fault = faultOf(record);
  if (fault !== undefined) return { skip: fault };
  const before = parseSchedulerFile(record.old_yaml, {}).file;
  const loaded = attempt(() => parseSchedulerFile(record.new_yaml, {}).file);
  if (typeof loaded === 'string' || record.load_error) {
    const isRight = typeof loaded === 'string' && Boolean(record.load_error);
    return isRight
      ? undefined
      : { why: `found ${JSON.stringify(loaded)}, expected ${JSON.stringify(record.load_error)}` };
  }
  const refusal = attempt(() => requireReloadable(loaded));
  if ((refusal !== undefined) !== (record.apply_error !== undefined)) {
    return { why: `found the refusal ${refusal}, expected ${record.apply_error?.message}` };
  }
  const inForce = refusal === undefined ? loaded : before;
  return (
    wrong(changeDifference(before, loaded, record.changes)) ??
    wrong(firstDifference(poolsAfter(before, inForce), record.pools_after)) ??
    wrong(firstDifference(candidateCounts(inForce), record.candidates_after)) ??
    wrong(hostDifference(before, inForce, record.f5_host_after))
  );
}

function faultOf({ new_yaml, apply_error }: ReloadRecord): string | undefined {
  if (hasOddFallback(new_yaml)) return FAULT_12;
  if (apply_error === undefined) return undefined;
  if (/engine_type: [A-Z]/.test(new_yaml))
    return 'fault 11: engine_type in capitals is refused by hot reload only';
  if (/log_level: warn\b/i.test(new_yaml)) return 'fault 11: log_level WARN is refused by hot reload only';
  return undefined;
}

/** Names of the changes in the existing scheduler and in ours. */
const CHANGE_NAMES = {
  global: 'global',
  global_interval: 'interval',
  global_log: 'logLevel',
  global_api_port: 'apiPort',
  global_api_host: 'apiHost',
  f5: 'f5',
  scheduler: 'scheduler',
  scheduler_pool_interval: 'poolFetchInterval',
  scheduler_metrics_interval: 'metricsFetchInterval',
  modes: 'modes',
  pools: 'pools',
  engine_metrics_keys: 'metricKeys',
} as const;

function changeDifference(
  before: SchedulerFile,
  after: SchedulerFile,
  expected: ReloadRecord['changes'],
): string | undefined {
  const found = compareFiles(before, after);
  for (const [theirs, ours] of Object.entries(CHANGE_NAMES)) {
    const wanted = expected?.[theirs];
    if (wanted !== undefined && found[ours] !== wanted)
      return `${theirs}: found ${found[ours]}, expected ${wanted}`;
  }
  return undefined;
}

function poolsAfter(before: SchedulerFile, after: SchedulerFile): unknown {
  const table = new PoolTable();
  for (const section of before.pools) {
    const pool = table.ensure(poolSettingsOf(section));
    pool.setMembers([BEFORE.address], 0);
    const [member] = pool.members;
    member!.score = BEFORE.score;
    member!.metrics = BEFORE.metrics;
    member!.memory = { workingKeys: BEFORE.keys, detectedVariant: null };
  }
  table.configure(after.pools.map(poolSettingsOf));
  if (compareFiles(before, after).metricKeys) for (const pool of table.all()) pool.forgetMetricKeys();
  return Object.fromEntries(
    table.all().map((pool) => [
      poolKey(pool.settings),
      {
        engine_type: pool.settings.engine,
        pool_fallback: pool.settings.isFallback,
        member_running_req_threshold: pool.settings.maxRunning ?? null,
        member_waiting_queue_threshold: pool.settings.maxWaiting ?? null,
        members: pool.members.map(({ name, score, metrics, memory }) => ({
          m: name,
          score,
          metrics,
          key_cache: memory.workingKeys,
        })),
      },
    ]),
  );
}

/** Without the second name of vLLM's cache, which the existing scheduler does not know: fault 1. */
function candidateCounts({ metricKeys }: SchedulerFile): unknown {
  const ours = 'vllm:kv_cache_usage_perc';
  const isTheirs = ({ key, variant }: { key: string; variant: string }) => key !== ours || variant !== 'vllm';
  const counts = (engine: 'vllm' | 'sglang') =>
    Object.fromEntries(
      Object.entries(candidatesFor(engine, metricKeys)).map(([metric, all]) => [
        metric,
        all.filter(isTheirs).length,
      ]),
    );
  return { vllm: counts('vllm'), sglang: counts('sglang') };
}

/** The records tell the host only where a new client was made. */
function hostDifference(
  before: SchedulerFile,
  after: SchedulerFile,
  expected: string | null,
): string | undefined {
  const found = compareFiles(before, after).f5 ? after.f5.host : null;
  return firstDifference(found, expected);
}

function attempt<Result>(work: () => Result): Result | string {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wrong(why: string | undefined): Verdict {
  return why === undefined ? undefined : { why };
}
