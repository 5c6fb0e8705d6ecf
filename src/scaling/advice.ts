/** How many replicas a model should have, and why: what was measured, foretold and allowed, put together. */

import { type Capacity, meanContextTokens, meanOf, type OperatingPoint } from './capacity.ts';
import { busyShare, type Replicas, replicasApart, replicasTogether, type TogetherDemand } from './demand.ts';
import { type Bound, limitApart, limitTogether, type TogetherLimits } from './limits.ts';
import { type Load, UNKNOWN_LENGTHS } from './load.ts';
import { DEFAULT_LOAD_PREDICTOR, type LoadPredictorName, predictLoad } from './load-predictor.ts';

/** What is wanted. */
export interface ScalingWish {
  /** A token should take no longer than this, milliseconds. */
  readonly tpotTargetMs: number;
  /** Share of their time that replicas should be busy at most. */
  readonly utilisation: number;
  readonly predictor: LoadPredictorName;
  readonly minReplicas: number;
  /** Absent: no limit. */
  readonly maxReplicas?: number;
  /** GPUs that the model may have in all. Absent: no limit. */
  readonly maxGpus?: number;
}

/** The target is that of sageLLM's autoscaler. */
export const DEFAULT_SCALING_WISH: ScalingWish = {
  tpotTargetMs: 50,
  utilisation: 0.8,
  predictor: DEFAULT_LOAD_PREDICTOR,
  minReplicas: 1,
};

/** What is known of a model. */
export interface ModelAtWork {
  readonly model: string;
  /** The oldest first; see `LoadMeter`. */
  readonly history: readonly Load[];
  readonly intervalMs: number;
  readonly waitingRequests: number;
  readonly replicas: readonly ReplicaAtWork[];
}

export interface ReplicaAtWork {
  readonly capacity: Capacity;
  readonly gpus: number;
}

export interface ScalingAdvice {
  readonly model: string;
  /** Now. */
  readonly replicas: number;
  /** `undefined` where nobody can say. */
  readonly recommendedReplicas: number | undefined;
  /** What the load asks for, before any limit. */
  readonly wantedReplicas: number | undefined;
  /** What decided the recommendation. */
  readonly bound: Bound;
  readonly load: Load;
  /** Those that wait now are part of it. */
  readonly predictedLoad: Load;
  readonly waitingRequests: number;
  /** What one replica does while it does nothing else; absent where there is none to know it of. */
  readonly replica?: ReplicaRates;
  /** Replicas that compute prompts and others that generate, were the two apart; without a limit on how busy they are. */
  readonly apart?: Replicas;
  readonly reason: string;
}

export interface ReplicaRates {
  readonly gpus: number;
  readonly promptTokensPerSecond: number;
  readonly decoding: OperatingPoint;
  /** Whether even the smallest batch keeps to the target. */
  readonly canKeepTarget: boolean;
  /** Share of its time that each of the replicas there are now will be busy with the predicted load. */
  readonly busyShare: number;
}

const NO_LOAD: Load = { requests: 0, ...UNKNOWN_LENGTHS };

export function adviseScaling(state: ModelAtWork, wish: ScalingWish): ScalingAdvice {
  const { model, history, intervalMs, waitingRequests, replicas } = state;
  const load = history.at(-1) ?? NO_LOAD;
  const foretold = predictLoad(wish.predictor, history, { window: history.length }) ?? NO_LOAD;
  const predictedLoad = { ...foretold, requests: foretold.requests + waitingRequests };
  const known = { model, replicas: replicas.length, load, predictedLoad, waitingRequests };
  const isIdle = predictedLoad.requests === 0;
  const gpus = Math.max(1, ...replicas.map((replica) => replica.gpus));
  const limits = limitsOf(wish, gpus);
  if (replicas.length === 0 && !isIdle) {
    const reason = 'no instance serves it, so nobody knows what one could do';
    return { ...known, recommendedReplicas: undefined, wantedReplicas: undefined, bound: 'load', reason };
  }
  if (isIdle) {
    const { replicas: recommended, bound } = limitTogether(0, limits);
    const reason = `nothing is asked of it: ${recommended} by ${BOUND_WORDS[bound]}`;
    return { ...known, recommendedReplicas: recommended, wantedReplicas: 0, bound, reason };
  }
  const capacity = meanOf(replicas.map((replica) => replica.capacity));
  const { tpotTargetMs, utilisation } = wish;
  const demand = { load: predictedLoad, intervalMs, tpotTargetMs, utilisation, capacity };
  const wanted = replicasTogether(demand);
  const limited = limitTogether(wanted, limits);
  const replica = ratesOf(demand, gpus, replicas.length);
  return {
    ...known,
    recommendedReplicas: finite(limited.replicas),
    wantedReplicas: finite(wanted),
    bound: limited.bound,
    replica,
    apart: apartOf(demand, limits),
    reason: reasonOf(demand, replica, wanted, limited.bound),
  };
}

function limitsOf(wish: ScalingWish, gpusPerReplica: number): TogetherLimits {
  const { minReplicas, maxReplicas = Number.POSITIVE_INFINITY, maxGpus } = wish;
  return { minReplicas, maxReplicas, gpusPerReplica, ...(maxGpus !== undefined && { gpuBudget: maxGpus }) };
}

function ratesOf(demand: TogetherDemand, gpus: number, replicas: number): ReplicaRates {
  const { load, tpotTargetMs, capacity } = demand;
  const decoding = capacity.bestDecoding(tpotTargetMs, meanContextTokens(load));
  return {
    gpus,
    promptTokensPerSecond: capacity.promptTokensPerSecond(load.promptTokens),
    decoding,
    canKeepTarget: decoding.tokensPerSecond > 0 && decoding.tpotMs <= tpotTargetMs,
    busyShare: busyShare(demand, replicas),
  };
}

/** What rounding leaves over of a GPU budget is not handed on: nobody is to have more than was asked for. */
function apartOf(demand: TogetherDemand, limits: TogetherLimits): Replicas {
  const { capacity, load, intervalMs, tpotTargetMs } = demand;
  const wanted = replicasApart({ load, intervalMs, tpotTargetMs, prefill: capacity, decode: capacity });
  const { gpuBudget } = limits;
  const allowed = limitApart(wanted, {
    prefill: limits,
    decode: limits,
    ...(gpuBudget !== undefined && { gpuBudget }),
  });
  return {
    prefill: allowed.prefill,
    decode: Math.min(
      allowed.decode,
      Math.max(limits.minReplicas, Math.min(wanted.decode, limits.maxReplicas)),
    ),
  };
}

const BOUND_WORDS: Readonly<Record<Bound, string>> = {
  load: 'what is asked',
  'min-replicas': 'the least allowed',
  'max-replicas': 'the most allowed',
  'gpu-budget': 'the GPUs allowed',
};

function reasonOf(demand: TogetherDemand, replica: ReplicaRates, wanted: number, bound: Bound): string {
  const { load, intervalMs, tpotTargetMs, utilisation } = demand;
  const { decoding, canKeepTarget, promptTokensPerSecond } = replica;
  const perSecond = rounded((load.requests * 1000) / intervalMs);
  const lengths = `${rounded(load.promptTokens)} + ${rounded(load.outputTokens)} tokens`;
  const answers = `${rounded(decoding.tokensPerSecond)} generated ones a second`;
  const pace = canKeepTarget
    ? `within ${tpotTargetMs} ms each`
    : `at ${rounded(decoding.tpotMs)} ms each, for none keeps to ${tpotTargetMs} ms`;
  const asked = Number.isFinite(wanted)
    ? `${wanted} busy ${rounded(utilisation * 100)} % at most`
    : 'no number';
  return (
    `${perSecond} requests a second of ${lengths} are foretold; a replica does ${rounded(promptTokensPerSecond)} ` +
    `prompt tokens or ${answers} ${pace}; ${asked} would do, and ${BOUND_WORDS[bound]} decides`
  );
}

/** To three figures. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
