/** Nearness, phases of requests, and sizes of parallelism. */

import { createRequest, type RequestMetadata, type RequestPriority } from '../../../src/domain/index.ts';
import {
  classifyPhase,
  DEFAULT_PHASE_SETTINGS,
  isSameMachine,
  PARALLEL_STRATEGIES,
  type ParallelStrategy,
  type PhaseSettings,
  type RequestPhase,
  recommendParallelism,
  roleFit,
  roleServes,
  topologyAffinity,
} from '../../../src/routing/index.ts';
import { isOpen, type RawInstance, roleOf, toView } from './instances.ts';
import { differs, isFar, type Verdict } from './verdict.ts';

interface AffinityRecord {
  readonly input: { readonly a: RawInstance; readonly b: RawInstance };
  readonly expect: {
    readonly a_to_b: number;
    readonly b_to_a: number;
    readonly local: boolean;
    readonly self: number;
  };
}

type RawPhase = 'PREFILLING' | 'DECODING' | 'HYBRID';

interface PhaseRecord {
  readonly input: {
    readonly config: {
      readonly enabled?: boolean;
      readonly routing_policy?: string;
      readonly prefilling_threshold_input_tokens?: number;
      readonly prefilling_threshold_ratio?: number;
    };
    readonly request: {
      readonly prompt_length: number;
      readonly max_tokens: number | null;
      readonly priority: RequestPriority;
      readonly slo_deadline_ms: number | null;
    };
    readonly instances: readonly RawInstance[];
  };
  readonly expect: {
    readonly phase: RawPhase;
    readonly filtered: Readonly<Record<RawPhase, readonly string[]>>;
    readonly specialization: Readonly<
      Record<string, { readonly prefilling_score: number; readonly decoding_score: number }>
    >;
  };
}

interface ParallelRecord {
  readonly input: { readonly gpus: number; readonly hint: string | null };
  readonly expect: {
    readonly strategy: string;
    readonly tp: number;
    readonly pp: number;
    readonly dp: number;
    readonly ep: number;
    readonly total: number;
    readonly valid: boolean;
    readonly performance: {
      readonly latency_ms: number;
      readonly throughput_tokens_per_sec: number;
      readonly gpu_utilization: number;
    };
  };
}

export function checkAffinity({ input, expect }: AffinityRecord): Verdict {
  const a = toView(input.a, 0).instance;
  const b = toView(input.b, 1).instance;
  return [
    ...differs('a to b', topologyAffinity(a, b), expect.a_to_b),
    ...differs('b to a', topologyAffinity(b, a), expect.b_to_a),
    ...differs('a to itself', topologyAffinity(a, a), expect.self),
    ...differs('local', isSameMachine(a, b), expect.local),
  ];
}

const PHASES: Readonly<Record<RawPhase, RequestPhase>> = {
  PREFILLING: 'prefill',
  DECODING: 'decode',
  HYBRID: 'both',
};

/** Sizes by phase are not compared: an engine's sizes are facts of it, which no request changes. */
export function checkPhase({ input, expect }: PhaseRecord): Verdict {
  const { request: raw, instances } = input;
  const found = classifyPhase(phaseRequest(input), phaseSettings(input));
  const isOtherwise = found !== PHASES[expect.phase];
  if (isOtherwise && raw.priority === 'HIGH') return { skip: 'fault 16: HIGH is not treated as high' };
  if (isOtherwise && (raw.slo_deadline_ms === 0 || raw.max_tokens === 0)) {
    return { skip: 'fault 12: 0 is taken for none' };
  }
  const open = instances
    .map((each, slot) => toView(each, slot))
    .filter((view) => view.state === 'ready' && isOpen(view));
  const filtered = Object.entries(PHASES).flatMap(([name, phase]) => {
    const kept = open.filter(({ instance }) => roleServes(instance.role, phase));
    const ids = kept.map(({ instance }) => instance.id);
    return differs(`kept for ${name}`, ids.join(), expect.filtered[name as RawPhase].join());
  });
  const fits = instances.flatMap((instance) => {
    const fit = roleFit(roleOf(instance), runningPhases(instance));
    const expected = expect.specialization[instance.instance_id]!;
    return [
      ...differs(`${instance.instance_id} for prefill`, fit.prefill, expected.prefilling_score),
      ...differs(`${instance.instance_id} for decode`, fit.decode, expected.decoding_score),
    ];
  });
  return [...differs('phase', found, PHASES[expect.phase]), ...filtered, ...fits];
}

function phaseRequest({ request: raw }: PhaseRecord['input']): RequestMetadata {
  return createRequest({
    id: 'r',
    model: 'm',
    arrivalMs: 0,
    priority: raw.priority,
    // Four characters are a token; what has no prompt counts as 100.
    promptTokens: raw.prompt_length === 0 ? 100 : Math.floor(raw.prompt_length / 4),
    ...(raw.max_tokens !== null && { maxTokens: raw.max_tokens }),
    ...(raw.slo_deadline_ms !== null && { deadlineMs: raw.slo_deadline_ms }),
  });
}

function phaseSettings({ config }: PhaseRecord['input']): PhaseSettings {
  const { enabled = true, routing_policy: policy = 'adaptive' } = config;
  const isKnown = policy === 'adaptive' || policy === 'threshold';
  return {
    ...DEFAULT_PHASE_SETTINGS,
    policy: enabled && isKnown ? policy : 'off',
    promptTokens: config.prefilling_threshold_input_tokens ?? DEFAULT_PHASE_SETTINGS.promptTokens,
    ratio: config.prefilling_threshold_ratio ?? DEFAULT_PHASE_SETTINGS.ratio,
  };
}

/** Only a hybrid instance leans to what it does. */
function runningPhases(raw: RawInstance) {
  if (raw.instance_type !== 'HYBRID') return undefined;
  return {
    prefilling: raw.prefilling_active_requests ?? 0,
    decoding: raw.decoding_active_requests ?? 0,
  };
}

export function checkParallel({ input: { gpus, hint }, expect }: ParallelRecord): Verdict {
  const strategyOf = (name: string) =>
    PARALLEL_STRATEGIES.find((each) => name.toLowerCase().startsWith(each));
  const wanted = hint === null ? undefined : strategyOf(hint);
  if (gpus === 0) return checkNoGpus(wanted, expect);
  const found = recommendParallelism({}, gpus, wanted);
  const { sizes, estimate } = found;
  return [
    ...differs('strategy', found.strategy, strategyOf(expect.strategy)),
    ...differs('tensor', sizes.tensor, expect.tp),
    ...differs('pipeline', sizes.pipeline, expect.pp),
    ...differs('data', sizes.data, expect.dp),
    ...differs('expert', sizes.expert, expect.ep),
    ...differs('GPUs', found.gpusUsed, expect.total),
    ...differs('fits', found.gpusUsed <= gpus, expect.valid),
    ...isFar('latency', estimate.latencyMs, expect.performance.latency_ms),
    ...isFar('tokens per second', estimate.tokensPerSecond, expect.performance.throughput_tokens_per_sec),
    ...isFar('utilisation', estimate.gpuUtilisation, expect.performance.gpu_utilization),
  ];
}

/** Ours has no sizes for no GPUs. That agrees with sizes which are told not to fit, and with no others. */
function checkNoGpus(wanted: ParallelStrategy | undefined, expect: ParallelRecord['expect']): Verdict {
  const isRefused = differs(
    'refused',
    refuses(() => recommendParallelism({}, 0, wanted)),
    true,
  );
  if (isRefused.length > 0 || !expect.valid) return isRefused;
  return { skip: 'fault L17: no GPU at all is not refused: sizes of 0, or an arithmetic error' };
}

function refuses(ask: () => unknown): boolean {
  try {
    ask();
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}
