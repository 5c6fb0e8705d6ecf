/** The choice itself: which of the named members gets the next request, and why. */

import { chancesOf, chooseWeighted } from '../../routing/index.ts';
import { INITIAL_SCORE, type Member, modelScore } from '../pools/member.ts';
import type { Freshness, Pool } from '../pools/pool.ts';
import { namedMembers } from './candidates.ts';

export interface SelectRequest {
  readonly poolName: string;
  readonly partition: string;
  /** `ip:port` of the members that the load balancer thinks active. */
  readonly members: readonly string[];
  /** Only pools that serve several models per member need it. */
  readonly model?: string | undefined;
}

/** What the load balancer is told instead of a member. */
export const ANSWERS = {
  none: 'none',
  fallback: 'fallback',
  noModelGiven: 'request_has_no_model_name',
  noSuchModel: 'no_the_model_name',
} as const;

/** Why a member was left out. */
export const DROP_REASONS = {
  model: 'does not have the model',
  unreachable: 'nothing listens there',
  unknown: 'no complete figures yet',
  stale: 'its figures are too old',
  running: 'more running requests than the threshold',
  waiting: 'more waiting requests than the threshold',
  score: 'its score is not above 0',
} as const;
export type DropReason = keyof typeof DROP_REASONS;

export interface CandidateOutcome {
  readonly member: Member;
  readonly score: number;
  /** Absent when it was left in. */
  readonly dropped?: DropReason;
}

export interface Selection {
  /** What the load balancer is told: a member, or one of `ANSWERS`. */
  readonly answer: string;
  readonly member?: Member;
  readonly candidates: readonly CandidateOutcome[];
  /** The reason in words. */
  readonly reason: string;
}

export interface SelectConditions extends Freshness {
  readonly nowMs: number;
  /** In [0, 1]; asked for only when there is more than one to choose from. */
  readonly draw: () => number;
}

/** Answers one question of a load balancer; `pool` is `undefined` when there is none of that name. */
export function select(
  pool: Pool | undefined,
  request: SelectRequest,
  conditions: SelectConditions,
): Selection {
  if (pool?.settings.isFallback) return without(ANSWERS.fallback, 'pool_fallback is set for this pool');
  if (pool?.settings.engine === 'xinference' && !request.model) {
    return without(ANSWERS.noModelGiven, 'the pool serves models by name and the request names none');
  }
  if (pool === undefined) return without(ANSWERS.none, 'there is no such pool');
  return chooseAmong(pool, request, conditions);
}

/** The same choice for a pool that exists, without a look at its fallback. */
export function chooseAmong(
  pool: Pool,
  request: Pick<SelectRequest, 'members' | 'model'>,
  conditions: SelectConditions,
): Selection {
  const named = namedMembers(pool, request.members);
  if (named.length === 0) return without(ANSWERS.none, 'none of the members named is in the pool');
  const candidates = named.map((member) => judge(pool, member, request.model, conditions));
  if (candidates.every(({ dropped }) => dropped === 'model')) {
    const reason = `no member has the model ${JSON.stringify(request.model)}`;
    return { ...without(ANSWERS.noSuchModel, reason), candidates };
  }
  const scores = candidates.map(({ score, dropped }) => (dropped === undefined ? score : 0));
  const choices = scores.filter((score) => score > 0).length;
  if (choices === 0) {
    return { ...without(ANSWERS.none, `none of the ${named.length} is known to be good`), candidates };
  }
  const chosen = chooseWeighted(scores, choices === 1 ? 0 : conditions.draw())!;
  const member = named[chosen]!;
  const chance = chancesOf(scores)[chosen]!;
  return { answer: member.name, member, candidates, reason: inWords(candidates, chosen, chance) };
}

function without(answer: string, reason: string): Selection {
  return { answer, candidates: [], reason };
}

/** What a member scores for this request, and whether it may be chosen. */
export function judge(
  pool: Pool,
  member: Member,
  model: string | undefined,
  conditions: Freshness & { readonly nowMs: number },
): CandidateOutcome {
  if (pool.settings.engine === 'xinference') return judgeModel(member, model, conditions);
  const { score } = member;
  const dropped = notKnownGood(pool, member, conditions) ?? overThreshold(pool, member);
  if (dropped !== undefined) return { member, score, dropped };
  return score > 0 ? { member, score } : { member, score, dropped: 'score' };
}

function judgeModel(
  member: Member,
  model: string | undefined,
  { nowMs, staleAfterMs, keepLastScore }: Freshness & { readonly nowMs: number },
): CandidateOutcome {
  const load = member.models.get(model ?? '');
  if (load === undefined) return { member, score: INITIAL_SCORE, dropped: 'model' };
  const score = modelScore(load);
  if (!keepLastScore && member.isUnreachable) return { member, score, dropped: 'unreachable' };
  if (!keepLastScore && nowMs - load.readAtMs > staleAfterMs) return { member, score, dropped: 'stale' };
  return { member, score };
}

function notKnownGood(
  pool: Pool,
  member: Member,
  conditions: Freshness & { readonly nowMs: number },
): DropReason | undefined {
  if (pool.isKnownGood(member, conditions.nowMs, conditions)) return undefined;
  if (member.isUnreachable) return 'unreachable';
  return member.scoredAtMs === undefined ? 'unknown' : 'stale';
}

/** A member that told nothing at all is not over any threshold. */
function overThreshold({ settings }: Pool, { metrics }: Member): DropReason | undefined {
  const { waiting_queue: waiting, running_req: running } = metrics;
  if (Object.keys(metrics).length === 0) return undefined;
  if (settings.maxRunning !== undefined && (running ?? 0) > settings.maxRunning) return 'running';
  if (settings.maxWaiting !== undefined && (waiting ?? 0) > settings.maxWaiting) return 'waiting';
  return undefined;
}

function inWords(candidates: readonly CandidateOutcome[], chosen: number, chance: number): string {
  const left = candidates.filter(({ dropped }) => dropped === undefined).length;
  const score = Number(candidates[chosen]!.score.toFixed(4));
  return `score ${score}, chance ${(chance * 100).toFixed(1)} % among ${left} of ${candidates.length}`;
}
