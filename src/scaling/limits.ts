/** What bounds the number of replicas: a least, a most, and the GPUs there are. */

import type { Replicas } from './demand.ts';

export interface PoolLimits {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly gpusPerReplica: number;
}

export interface ApartLimits {
  readonly prefill: PoolLimits;
  readonly decode: PoolLimits;
  /** Default: no limit. */
  readonly gpuBudget?: number;
}

/** Those of sageLLM's autoscaler. */
export const DEFAULT_APART_LIMITS = {
  prefill: { minReplicas: 1, maxReplicas: 10, gpusPerReplica: 4 },
  decode: { minReplicas: 1, maxReplicas: 20, gpusPerReplica: 1 },
  gpuBudget: 32,
} as const satisfies ApartLimits;

/**
 * Each within its own bounds; where both together take more GPUs than there are, those that compute prompts shrink in
 * proportion, and those that generate fill up what is left. That may be more than they had asked for, even more than their most;
 * and the least of both stays, even where it takes more GPUs than there are.
 */
export function limitApart(wanted: Replicas, limits: ApartLimits): Replicas {
  const { gpuBudget = Number.POSITIVE_INFINITY } = limits;
  const prefill = within(wanted.prefill, limits.prefill);
  const decode = within(wanted.decode, limits.decode);
  const gpus = prefill * limits.prefill.gpusPerReplica + decode * limits.decode.gpusPerReplica;
  if (gpus <= gpuBudget) return { prefill, decode };
  const kept = Math.max(limits.prefill.minReplicas, Math.floor(prefill * (gpuBudget / gpus)));
  const left = gpuBudget - kept * limits.prefill.gpusPerReplica;
  return {
    prefill: kept,
    decode: Math.max(limits.decode.minReplicas, Math.floor(left / limits.decode.gpusPerReplica)),
  };
}

/** What decided a number of replicas. */
export const BOUNDS = ['load', 'min-replicas', 'max-replicas', 'gpu-budget'] as const;
export type Bound = (typeof BOUNDS)[number];

export interface Limited {
  readonly replicas: number;
  readonly bound: Bound;
}

export interface TogetherLimits extends PoolLimits {
  /** Default: no limit. */
  readonly gpuBudget?: number;
}

/** Replicas of one kind. The least stays, even where it takes more GPUs than there are. */
export function limitTogether(wanted: number, limits: TogetherLimits): Limited {
  const { maxReplicas, gpusPerReplica, gpuBudget = Number.POSITIVE_INFINITY } = limits;
  const affordable = Math.floor(gpuBudget / gpusPerReplica);
  const replicas = within(wanted, { ...limits, maxReplicas: Math.min(maxReplicas, affordable) });
  if (replicas === wanted) return { replicas, bound: 'load' };
  if (replicas > wanted) return { replicas, bound: 'min-replicas' };
  return { replicas, bound: affordable < maxReplicas ? 'gpu-budget' : 'max-replicas' };
}

function within(replicas: number, { minReplicas, maxReplicas }: PoolLimits): number {
  return Math.max(minReplicas, Math.min(maxReplicas, replicas));
}
