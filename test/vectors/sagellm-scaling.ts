/** Runs the records of sageLLM's autoscaler: predictors of load, profiles of engines, limits and numbers of replicas. */

import {
  type ApartLimits,
  type Capacity,
  correctionsFrom,
  DEFAULT_APART_LIMITS,
  FLAT_CAPACITY,
  isMeasured,
  type Load,
  type LoadPredictorName,
  type LoadPredictorOptions,
  limitApart,
  meanContextTokens,
  type OperatingPoint,
  ofGpus,
  predictLoad,
  REFERENCE_CAPACITY,
  type Replicas,
  replicasApart,
  type SeenInterval,
} from '../../src/scaling/index.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';
import { differs, type Verdict } from './sagellm-runners/verdict.ts';

type Point = readonly [requests: number, promptTokens: number, outputTokens: number];

interface PredictorRecord {
  readonly kind: string;
  readonly input: { readonly window_size: number; readonly points: readonly Point[] };
  readonly expect: { readonly prediction: Point | readonly [null, null, null] };
}

interface RawConfig {
  readonly adjustment_interval_sec?: number;
  readonly target_itl_ms?: number;
  readonly max_gpu_budget?: number;
  readonly prefill_gpus_per_instance?: number;
  readonly decode_gpus_per_instance?: number;
  readonly min_prefill_instances?: number;
  readonly max_prefill_instances?: number;
  readonly min_decode_instances?: number;
  readonly max_decode_instances?: number;
  readonly profile_data_dir?: string | null;
}

interface ConstraintsRecord {
  readonly input: { readonly config: RawConfig } & Replicas;
  readonly expect: { readonly result: readonly [prefill: number, decode: number] };
}

interface DecisionRecord {
  readonly input: {
    readonly config: RawConfig;
    readonly prefill_correction: number;
    readonly decode_correction: number;
    readonly num_req: number;
    readonly isl: number;
    readonly osl: number;
  };
  readonly expect: Replicas;
}

interface CorrectionRecord {
  readonly input: {
    readonly metrics: {
      readonly num_requests: number;
      readonly avg_isl: number;
      readonly avg_osl: number;
      readonly avg_ttft_ms: number | null;
      readonly avg_itl_ms: number | null;
      readonly num_decode_instances: number;
      readonly request_duration_sec: number | null;
    };
  };
  readonly expect: { readonly valid: boolean; readonly prefill: number; readonly decode: number };
}

interface PrefillProfileRecord {
  readonly input: { readonly isl: number };
  readonly expect: { readonly ttft: number; readonly thpt_per_gpu: number };
}

interface DecodeProfileRecord {
  readonly input: { readonly concurrency: number; readonly context: number; readonly itl: number };
  readonly expect: {
    readonly itl: number;
    readonly best_online: readonly number[];
    readonly best_profile_dir: readonly number[];
  };
}

const CHECKS: Readonly<Record<string, (record: never) => Verdict>> = {
  'autoscaler.constraints': checkConstraints,
  'autoscaler.correction': checkCorrection,
  'autoscaler.decision': checkDecision,
  'interpolator.prefill': checkPrefillProfile,
  'interpolator.decode': checkDecodeProfile,
};

const LOAD_PREDICTOR = 'load_predictor.';

export const SAGELLM_SCALING: VectorSuite = {
  file: 'sagellm.jsonl',
  handles: (kind) => checkOf(kind) !== undefined,
  run,
};

/** @param lines of `sagellm.jsonl`; those of other kinds are passed over */
export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const record = JSON.parse(line) as { readonly id: string; readonly kind: string };
    const verdict = checkOf(record.kind)?.(record as never);
    if (verdict === undefined) continue;
    if ('skip' in verdict) skipped.push({ id: record.id, reason: verdict.skip });
    else if (verdict.length === 0) passed++;
    else failed.push({ id: record.id, why: verdict.join('; ') });
  }
  return { passed, failed, skipped };
}

function checkOf(kind: string) {
  return kind.startsWith(LOAD_PREDICTOR) ? checkPredictor : CHECKS[kind];
}

/** Its names, as we call them. A name that it does not know means the first. */
const PREDICTORS: Readonly<Record<string, readonly [LoadPredictorName, LoadPredictorOptions?]>> = {
  constant: ['constant'],
  moving_average: ['moving-average'],
  exponential_smoothing: ['exponential-smoothing'],
  arima: ['moving-average', { leastPoints: 5 }],
  prophet: ['moving-average', { leastPoints: 10 }],
};

function checkPredictor({ kind, input, expect }: PredictorRecord): Verdict {
  const [name, options] = PREDICTORS[kind.slice(LOAD_PREDICTOR.length)] ?? PREDICTORS.constant!;
  const points = input.points.map(
    ([requests, promptTokens, outputTokens]): Load => ({ requests, promptTokens, outputTokens }),
  );
  const found = predictLoad(name, points, { ...options, window: input.window_size });
  return isFar('prediction', pointOf(found), expect.prediction);
}

const pointOf = (load: Load | undefined) => [
  load?.requests ?? null,
  load?.promptTokens ?? null,
  load?.outputTokens ?? null,
];

function checkConstraints({ input, expect }: ConstraintsRecord): Verdict {
  const { prefill, decode } = limitApart(input, limitsOf(input.config));
  return isFar('replicas', [prefill, decode], expect.result);
}

/** Where no batch keeps to the target, ours asks for as many as allowed. */
const FAULT_L16 = 'fault L16: where no batch keeps to the target, what a GPU can do comes out negative';

function checkDecision({ input, expect }: DecisionRecord): Verdict {
  const { config, num_req: requests, isl: promptTokens, osl: outputTokens } = input;
  const load = { requests, promptTokens, outputTokens };
  const limits = limitsOf(config);
  const capacity: Capacity = config.profile_data_dir ? REFERENCE_CAPACITY : FLAT_CAPACITY;
  const demand = {
    load,
    intervalMs: (config.adjustment_interval_sec ?? INTERVAL_SECONDS) * 1000,
    tpotTargetMs: config.target_itl_ms ?? TPOT_TARGET_MS,
    corrections: { prefill: input.prefill_correction, decode: input.decode_correction },
    prefill: ofGpus(capacity, limits.prefill.gpusPerReplica),
    decode: ofGpus(capacity, limits.decode.gpusPerReplica),
  };
  const found = limitApart(replicasApart(demand), limits);
  const wrong = isFar('replicas', [found.prefill, found.decode], [expect.prefill, expect.decode]);
  const correction = input.decode_correction > 0 ? input.decode_correction : 1;
  const { tokensPerSecond } = capacity.bestDecoding(
    demand.tpotTargetMs / correction,
    meanContextTokens(load),
  );
  return wrong.length > 0 && tokensPerSecond === 0 ? { skip: FAULT_L16 } : wrong;
}

const INTERVAL_SECONDS = 60;
const TPOT_TARGET_MS = 50;

/** In the records, the profile of engines is in force. */
function checkCorrection({ input: { metrics }, expect }: CorrectionRecord): Verdict {
  const { avg_ttft_ms: ttftMs, avg_itl_ms: tpotMs, request_duration_sec: seconds } = metrics;
  const seen: SeenInterval = {
    load: {
      requests: metrics.num_requests,
      promptTokens: metrics.avg_isl,
      outputTokens: metrics.avg_osl,
    },
    intervalMs: INTERVAL_SECONDS * 1000,
    decodeReplicas: metrics.num_decode_instances,
    ...(ttftMs !== null && { ttftMs }),
    ...(tpotMs !== null && { tpotMs }),
    ...(seconds !== null && { durationMs: seconds * 1000 }),
  };
  const found = correctionsFrom(seen, REFERENCE_CAPACITY);
  return [
    ...differs('measured', isMeasured(seen), expect.valid),
    ...isFar('corrections', [found.prefill, found.decode], [expect.prefill, expect.decode]),
  ];
}

function checkPrefillProfile({ input: { isl }, expect }: PrefillProfileRecord): Verdict {
  const found = [REFERENCE_CAPACITY.ttftMs(isl), REFERENCE_CAPACITY.promptTokensPerSecond(isl)];
  return isFar('time and rate', found, [expect.ttft, expect.thpt_per_gpu]);
}

function checkDecodeProfile({ input, expect }: DecodeProfileRecord): Verdict {
  const { concurrency, context, itl } = input;
  const best = batchOf(REFERENCE_CAPACITY.bestDecoding(itl, context));
  const wrong = [
    ...isFar('time', [REFERENCE_CAPACITY.tpotMs(concurrency, context)], [expect.itl]),
    ...isFar('best batch', best, expect.best_online),
  ];
  if (wrong.length > 0) return wrong;
  const beside = isFar('best batch with profiles', best, expect.best_profile_dir);
  return beside.length > 0 && expect.best_profile_dir[0]! < 0 ? { skip: FAULT_L16 } : beside;
}

const batchOf = ({ tokensPerSecond, tpotMs, concurrency }: OperatingPoint) => [
  tokensPerSecond,
  tpotMs,
  concurrency,
];

function limitsOf(config: RawConfig): ApartLimits {
  const { prefill, decode, gpuBudget } = DEFAULT_APART_LIMITS;
  return {
    prefill: {
      minReplicas: config.min_prefill_instances ?? prefill.minReplicas,
      maxReplicas: config.max_prefill_instances ?? prefill.maxReplicas,
      gpusPerReplica: config.prefill_gpus_per_instance ?? prefill.gpusPerReplica,
    },
    decode: {
      minReplicas: config.min_decode_instances ?? decode.minReplicas,
      maxReplicas: config.max_decode_instances ?? decode.maxReplicas,
      gpusPerReplica: config.decode_gpus_per_instance ?? decode.gpusPerReplica,
    },
    gpuBudget: config.max_gpu_budget ?? gpuBudget,
  };
}

const ROUNDING = 1e-9;

function isFar(
  what: string,
  found: readonly (number | null)[],
  expected: readonly (number | null)[],
): readonly string[] {
  const isNear = (a: number | null, b: number | null | undefined) =>
    a === null || b == null ? a === b : Math.abs(a - b) <= ROUNDING * Math.max(1, Math.abs(b));
  const isSame = found.length === expected.length && found.every((value, i) => isNear(value, expected[i]));
  return isSame ? [] : [`${what}: found ${found.join()}, expected ${expected.join()}`];
}
