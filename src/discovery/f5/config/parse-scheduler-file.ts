/** Reads the text of an existing scheduler's configuration file. */

import { parseDocument, type ScalarTag, type Tags } from 'yaml';
import { F5_METRICS, F5_MODE_NAMES, isF5ModeName } from '../../../routing/index.ts';
import { ConfigurationError } from './configuration-error.ts';
import { parsePool, parseTls } from './parse-pool.ts';
import type {
  ApplianceSection,
  GlobalSection,
  MetricKeys,
  ModeSection,
  SchedulerFile,
  SchedulerSection,
} from './scheduler-file.ts';
import {
  boolean,
  type Environment,
  given,
  isSection,
  isYes,
  list,
  NO_SECTION,
  number,
  optionalText,
  type Section,
  section,
  text,
} from './values.ts';

export interface ParsedFile {
  readonly file: SchedulerFile;
  /** What is not as it should be and yet no reason to refuse the file. */
  readonly warnings: readonly string[];
}

const DEFAULT_MODES: readonly unknown[] = [NO_SECTION];

/** What holds where there is no file at all. */
export function defaultSchedulerFile(env: Environment = {}): SchedulerFile {
  return parseSections(NO_SECTION, env, []);
}

/** @throws ConfigurationError with a message that begins like the existing scheduler's */
export function parseSchedulerFile(yaml: string, env: Environment): ParsedFile {
  const root = parseRoot(yaml);
  const warnings: string[] = [];
  try {
    const file = parseSections(root, env, warnings);
    checkComplete(file);
    return { file, warnings };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(`Configuration file loading failed: ${error.message}`);
  }
}

function parseRoot(yaml: string): Section {
  // The existing scheduler reads YAML 1.1, where yes, no, on and off are booleans.
  const document = parseDocument(yaml, { version: '1.1', merge: true, uniqueKeys: false, customTags });
  // A tag that nobody knows is a mistake to the existing scheduler's reader, and only a warning to ours.
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake !== undefined) throw badFormat(mistake);
  const root = contentOf(document);
  return typeof root === 'object' && root !== null && !Array.isArray(root) ? (root as Section) : NO_SECTION;
}

/** @throws ConfigurationError for an alias of nothing, and for aliases that grow without bounds */
function contentOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw badFormat(error);
  }
}

function badFormat(reason: unknown): ConfigurationError {
  const message = reason instanceof Error ? reason.message : String(reason);
  return new ConfigurationError(`Configuration file format error: ${message}`);
}

/** `y` and `n` alone are booleans in YAML 1.1, but names to the reader that the existing scheduler uses. */
function customTags(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag !== 'object' || tag.tag !== 'tag:yaml.org,2002:bool') return tag;
    const scalar = tag as ScalarTag;
    return { ...scalar, test: scalar.test?.test('yes') ? TRUE_WORDS : FALSE_WORDS };
  });
}

const TRUE_WORDS = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const FALSE_WORDS = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;

function parseSections(root: Section, env: Environment, warnings: string[]): SchedulerFile {
  const hasPools = root.pools !== undefined && root.pools !== null;
  const pools = hasPools ? list(root.pools, 'pools') : [];
  return {
    global: parseGlobal(section(root.global, 'global')),
    f5: parseAppliance(section(root.f5, 'f5'), env, warnings),
    scheduler: parseScheduler(root.scheduler),
    modes: list(root.modes === undefined ? DEFAULT_MODES : root.modes, 'modes').map((mode, i) =>
      parseMode(section(mode, `modes[${i}]`), `modes[${i}]`, warnings),
    ),
    pools: pools.map((pool, i) => parsePool(section(pool, `pools[${i}]`), i, env, warnings)),
    metricKeys: parseMetricKeys(root.engines_metrics_keys, warnings),
  };
}

function parseGlobal(global: Section): GlobalSection {
  const named = optionalText(global.log_level, 'global.log_level')?.toUpperCase();
  const isDebug = named === undefined && isYes(global.log_debug);
  return {
    interval: given(global.interval, 60),
    logLevel: named ?? (isDebug ? 'DEBUG' : 'INFO'),
    apiPort: given(global.api_port, 8080),
    apiHost: optionalText(global.api_host, 'global.api_host'),
  };
}

/** What every appliance comes with. */
const DEFAULT_PASSWORD = 'admin';

function parseAppliance(f5: Section, env: Environment, warnings: string[]): ApplianceSection {
  const variable = optionalText(f5.password_env, 'f5.password_env');
  const password = variable === undefined ? undefined : env[variable];
  if (variable !== undefined && password === undefined) {
    warnings.push(`f5.password_env: the environment variable ${variable} is not set`);
  }
  if (f5.password !== undefined) {
    warnings.push('f5.password: passwords in the file are not read; name a variable with f5.password_env');
  }
  return {
    host: text(f5.host, 'f5.host', ''),
    port: given(f5.port, 443),
    username: text(f5.username, 'f5.username', 'admin'),
    password: password ?? DEFAULT_PASSWORD,
    isDefaultPassword: password === undefined,
    tls: parseTls(f5.tls, 'f5.tls'),
  };
}

function parseScheduler(value: unknown): SchedulerSection {
  const scheduler = section(value, 'scheduler');
  return {
    poolFetchInterval: given(scheduler.pool_fetch_interval, 10),
    // The existing scheduler has two defaults: one with the section, one without.
    metricsFetchInterval: given(scheduler.metrics_fetch_interval, value === undefined ? 1_000 : 5_000),
    staleAfter: scheduler.stale_after,
    keepLastScore: boolean(scheduler.keep_last_score, 'scheduler.keep_last_score', false),
  };
}

function parseMode(mode: Section, path: string, warnings: string[]): ModeSection {
  const name = text(mode.name, `${path}.name`, 's1');
  if (!isF5ModeName(name)) {
    warnings.push(`${path}.name: found "${name}", allowed are ${F5_MODE_NAMES.join(', ')}; s1 is used`);
  }
  const read = (key: string, fallback: number) => number(given(mode[key], fallback), `${path}.${key}`);
  return {
    name: isF5ModeName(name) ? name : 's1',
    waitingWeight: read('w_a', 0.5),
    cacheWeight: read('w_b', 0.5),
    runningWeight: read('w_g', 0),
    transitionPoint: read('transition_point', 30),
    steepness: read('steepness', 1),
  };
}

/** What is of no use here is passed over, as the existing scheduler does; the pools can be read without it. */
function parseMetricKeys(variants: unknown, warnings: string[]): MetricKeys {
  if (variants === undefined || variants === null) return [];
  const passOver = (path: string, why: string) => {
    warnings.push(`${path}: ${why}; it is not used`);
    return [];
  };
  if (!isSection(variants)) return passOver('engines_metrics_keys', 'has no variants with their keys');
  return Object.entries(variants).flatMap(([name, keys]) => {
    const path = `engines_metrics_keys.${name}`;
    if (!/^(vllm|sglang)/i.test(name)) {
      return passOver(path, 'the name of a variant begins with vllm or sglang');
    }
    if (!isSection(keys)) return passOver(path, 'has no keys with values');
    const named = F5_METRICS.flatMap((metric) => {
      const key = optionalText(keys[metric], `${path}.${metric}`);
      return key === undefined ? [] : [[metric, key] as const];
    });
    if (named.length === 0) return passOver(path, `names none of ${F5_METRICS.join(', ')}`);
    const unit = text(keys.cache_usage_unit, `${path}.cache_usage_unit`, 'fraction');
    return [{ name, keys: Object.fromEntries(named), isCacheInPercent: unit === 'percent' }];
  });
}

function checkComplete({ f5, pools }: SchedulerFile): void {
  const needsAppliance = pools.length === 0 || pools.some(({ members }) => members === undefined);
  if (f5.host === '' && needsAppliance) {
    throw new ConfigurationError('Missing required configuration item: f5.host');
  }
  if (pools.length === 0) throw new ConfigurationError('At least one Pool must be configured');
}
