/** How many replicas a load asks for, before any limit. */

import { type Capacity, meanContextTokens } from './capacity.ts';
import { type Corrections, NO_CORRECTIONS } from './corrections.ts';
import type { Load } from './load.ts';

/** Replicas that compute prompts, and others that generate. */
export interface Replicas {
  readonly prefill: number;
  readonly decode: number;
}

interface Demand {
  readonly load: Load;
  readonly intervalMs: number;
  readonly tpotTargetMs: number;
}

export interface ApartDemand extends Demand {
  readonly corrections?: Corrections;
  readonly prefill: Capacity;
  readonly decode: Capacity;
}

/**
 * Prompts and answers on replicas of their own, as sageLLM's autoscaler counts them: ⌈tokens a second / what a replica does⌉.
 * A replica that computes prompts faster than foretold counts for more, a slower one not for less; one that generates more
 * slowly is given as much less to do at once.
 */
export function replicasApart(demand: ApartDemand): Replicas {
  const { load, intervalMs, tpotTargetMs, corrections = NO_CORRECTIONS, prefill, decode } = demand;
  const { requests, promptTokens, outputTokens } = load;
  const seconds = intervalMs / 1000;
  const promptRate = ((requests * promptTokens) / seconds) * Math.min(1, corrections.prefill);
  const outputRate = (requests * outputTokens) / seconds;
  const target = corrections.decode > 0 ? tpotTargetMs / corrections.decode : tpotTargetMs;
  return {
    prefill: Math.ceil(share(promptRate, prefill.promptTokensPerSecond(promptTokens))),
    decode: Math.ceil(
      share(outputRate, decode.bestDecoding(target, meanContextTokens(load)).tokensPerSecond),
    ),
  };
}

export interface TogetherDemand extends Demand {
  readonly capacity: Capacity;
  /** Share of their time that replicas should be busy at most, so that queues stay short. */
  readonly utilisation: number;
}

/** More than anybody has. */
const MOST_REPLICAS = 2 ** 20;

/**
 * The fewest replicas of which each computes prompts and generates. While a replica spends the share p of its time on prompts,
 * those who generate there wait: a token takes 1/(1 − p) as long, so the batch must be small enough for (1 − p) of the target.
 * Infinite where no number of them keeps up.
 */
export function replicasTogether(demand: TogetherDemand): number {
  if (demand.load.requests === 0) return 0;
  if (busyShare(demand, MOST_REPLICAS) > demand.utilisation) return Number.POSITIVE_INFINITY;
  let [tooFew, enough] = [0, MOST_REPLICAS];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (busyShare(demand, middle) <= demand.utilisation) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

/** Share of its time that each of so many replicas would be busy; above 1 they fall behind. */
export function busyShare(demand: TogetherDemand, replicas: number): number {
  const { load, intervalMs, tpotTargetMs, capacity } = demand;
  const { requests, promptTokens, outputTokens } = load;
  const each = requests / replicas / (intervalMs / 1000);
  const prompts = share(each * promptTokens, capacity.promptTokensPerSecond(promptTokens));
  const answers = each * outputTokens;
  if (answers === 0) return prompts;
  const left = Math.max(0, 1 - prompts);
  const batch = capacity.bestDecoding(tpotTargetMs * left, meanContextTokens(load));
  return prompts + share(answers, batch.tokensPerSecond);
}

/** Nothing to do takes nothing, whoever would do it. */
function share(rate: number, capacity: number): number {
  if (rate <= 0) return 0;
  return capacity > 0 ? rate / capacity : Number.POSITIVE_INFINITY;
}
