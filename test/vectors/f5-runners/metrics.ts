/** Runs `f5-metrics-samples`: metrics pages of engines, and what is read from each. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { MetricVariant } from '../../../src/discovery/f5/config/scheduler-file.ts';
import { candidatesFor } from '../../../src/discovery/f5/metrics/candidates.ts';
import { createPageReader } from '../../../src/discovery/f5/metrics/read-page.ts';
import { readModelFigures } from '../../../src/discovery/f5/metrics/xinference.ts';
import { createExpositionReader } from '../../../src/engines/index.ts';
import type { F5Metrics } from '../../../src/routing/index.ts';
import { Pool } from '../../../src/sideband/index.ts';
import { type ModelLoad, modelScore } from '../../../src/sideband/pools/member.ts';
import { firstDifference, runAll, type VectorOutcome, type Verdict } from './outcome.ts';

interface PageRecord {
  readonly id: string;
  readonly sample: string;
  readonly engine_type: 'vllm' | 'sglang';
  readonly engines_metrics_keys: Readonly<Record<string, F5Keys>> | null;
  readonly cached_keys_before: F5Keys;
  readonly detected_variant_before: string | null;
  readonly hash_seed_dependent?: boolean;
  readonly expect: {
    readonly metrics: F5Metrics;
    readonly cached_keys: F5Keys;
    readonly detected_variant: string | null;
  };
}

interface ModelRecord {
  readonly id: string;
  readonly sample: null;
  readonly engine_type: 'xinference';
  readonly body: string;
  readonly expect: {
    readonly model_metrics: Readonly<Record<string, number>>;
    readonly model_scores: Readonly<Record<string, number>>;
    readonly score: number;
    readonly detected_variant: string | null;
  };
}

type F5Keys = MetricVariant['keys'];

/** What it is that the existing scheduler reads wrongly; what is right is in the exposition reader's own tests. */
const MISREAD_SAMPLES: Readonly<Record<string, string>> = {
  'vllm-no-labels.txt': 'lines without labels are not read',
  'vllm-with-timestamps.txt': 'lines with a timestamp are not read',
  'vllm-openmetrics-exemplar.txt': 'an exemplar is read instead of the value',
  'vllm-plus-sign-and-bad-number.txt': 'a number with a plus sign is not read',
  'vllm-space-before-braces.txt': 'lines with a blank before the labels are not read',
};

/** @param path the folder, or the list of records in it */
export function runMetrics(lines: readonly string[], path: string): Promise<VectorOutcome> {
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  return runAll<PageRecord | ModelRecord>(lines, (record) =>
    record.sample === null ? judgeModels(record) : judgePage(record, folder),
  );
}

function judgePage(record: PageRecord, folder: string): Verdict {
  const { engine_type: engine, engines_metrics_keys: variants, expect } = record;
  const page = readFileSync(join(folder, record.sample));
  const candidates = candidatesFor(
    engine,
    Object.entries(variants ?? {}).map(([name, keys]) => ({ name, keys, isCacheInPercent: false })),
  );
  const read = createPageReader(engine, candidates);
  const { metrics, memory } = read(page, {
    workingKeys: record.cached_keys_before,
    detectedVariant: record.detected_variant_before,
  });
  const found = { metrics, cached_keys: memory.workingKeys, detected_variant: memory.detectedVariant };
  const { warnings: _, ...expected } = expect as PageRecord['expect'] & { warnings?: number };
  const difference = firstDifference(found, expected, 1e-12);
  if (difference === undefined) return undefined;
  const keys = Object.values(candidates).flatMap((all) => all.map(({ key }) => key));
  const fault = misread(record, page.toString('utf8'), keys) ?? faultOf(record, found, difference);
  return fault === undefined ? { why: difference } : { skip: fault };
}

interface Found {
  readonly metrics: F5Metrics;
  readonly cached_keys: F5Keys;
  readonly detected_variant: string | null;
}

/** Nothing when the existing scheduler reads the same values of these names on this page as the format says. */
function misread({ sample }: PageRecord, page: string, keys: readonly string[]): string | undefined {
  const read = createExpositionReader(keys.map((name) => ({ name, withLabels: false })));
  const samples = read(page).filter(({ value }) => Number.isFinite(value));
  const isSame = keys.every((key) => {
    const sound = samples.filter(({ name }) => name === key).map(({ value }) => value);
    return isDeepStrictEqual(sound, theirValues(page, key));
  });
  return isSame
    ? undefined
    : `fault 9: ${MISREAD_SAMPLES[sample] ?? 'a line is not read as the format says'}`;
}

/** With the pattern of the specification's section 4. */
function theirValues(page: string, key: string): readonly number[] {
  const name = key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${name}\\{.*?\\}\\s+([0-9.-]+(?:[eE][+-]?\\d+)?)$`);
  return page.split('\n').flatMap((line) => {
    const value = Number(pattern.exec(line.trim())?.[1] ?? Number.NaN);
    return Number.isFinite(value) ? [value] : [];
  });
}

/** The fault of section 8 that explains the difference, in words; nothing when none does. */
function faultOf(record: PageRecord, found: Found, difference: string): string | undefined {
  const usesNewName = found.cached_keys.cache_usage === 'vllm:kv_cache_usage_perc';
  if (
    usesNewName &&
    (record.expect.metrics.cache_usage === undefined || record.expect.detected_variant === 'unknown')
  ) {
    return 'fault 1: the new name of the cache metric is not known';
  }
  if (found.cached_keys.cache_usage === 'npu_cache_usage_perc')
    return 'fault 10: a share in percent is taken as it is';
  if (!difference.startsWith('.detected_variant')) return undefined;
  if (record.hash_seed_dependent) return 'fault 8: the variant shown depends on the hashing of strings';
  const repeatsPlainName = Object.values(found.cached_keys).some(
    (key) => key !== undefined && isShared(key, record),
  );
  return repeatsPlainName ? 'fault 8: a variant that repeats a plain name is shown by it' : undefined;
}

function isShared(key: string, { engine_type, engines_metrics_keys }: PageRecord): boolean {
  const isConfigured = Object.values(engines_metrics_keys ?? {}).some((keys) =>
    Object.values(keys).includes(key),
  );
  return isConfigured && Object.values(candidatesFor(engine_type, [])).some((all) => all[0]?.key === key);
}

/** What the member knew before, in every record. */
const OLD_MODEL = { utilisation: 0.5, readAtMs: 0 } satisfies ModelLoad;

function judgeModels({ body, expect }: ModelRecord): Verdict {
  const pool = new Pool({ name: 'p', partition: 'Common', engine: 'xinference', isFallback: false });
  pool.setMembers([{ ip: '10.0.0.1', port: 8001 }], 0);
  const [member] = pool.members;
  member!.models = new Map([['old', OLD_MODEL]]);
  const figures = readModelFigures(body);
  if (figures.ok) pool.record(member!, { type: 'models', utilisation: figures.utilisation }, 1);
  const models = [...member!.models];
  const found = {
    model_metrics: Object.fromEntries(models.map(([name, { utilisation }]) => [name, utilisation])),
    model_scores: Object.fromEntries(models.map(([name, load]) => [name, modelScore(load)])),
    score: member!.score,
    detected_variant: member!.memory.detectedVariant,
  };
  const { model_metrics, model_scores, score, detected_variant } = expect;
  const difference = firstDifference(found, { model_metrics, model_scores, score, detected_variant });
  return difference === undefined ? undefined : { why: difference };
}
