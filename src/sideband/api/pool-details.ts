/** All that is known of a pool: how old its list of members is, and why a member is or is not chosen. */

import { type Member, modelScore } from '../pools/member.ts';
import type { Freshness, Pool } from '../pools/pool.ts';
import { DROP_REASONS, judge } from '../select/select.ts';

export interface PoolDetails {
  readonly name: string;
  readonly partition: string;
  readonly engine: string;
  readonly isFallback: boolean;
  /** Milliseconds since the members were listed; `null` before the first list. */
  readonly membersAgeMs: number | null;
  /** Why the list is no newer; `null` while all is well. */
  readonly membersError: string | null;
  readonly members: readonly MemberDetails[];
}

interface MemberDetails {
  readonly member: string;
  readonly score: number;
  /** Milliseconds since the figures were read that the score rests on. */
  readonly scoreAgeMs: number | null;
  /** Why it is not chosen now; `null` when it may be. */
  readonly leftOut: string | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly metricNames: Readonly<Record<string, string>>;
  readonly variant: string | null;
  /** Per model its score, for engines that serve several. */
  readonly models?: Readonly<Record<string, number>>;
  readonly error: string | null;
}

export function describePool(pool: Pool, nowMs: number, freshness: Freshness): PoolDetails {
  const { name, partition, engine, isFallback } = pool.settings;
  const { listedAtMs, lastError } = pool.membership;
  return {
    name,
    partition,
    engine,
    isFallback,
    membersAgeMs: listedAtMs === undefined ? null : nowMs - listedAtMs,
    membersError: lastError ?? null,
    members: pool.members.map((member) => describeMember(pool, member, nowMs, freshness)),
  };
}

function describeMember(pool: Pool, member: Member, nowMs: number, freshness: Freshness): MemberDetails {
  const { scoredAtMs, memory, models } = member;
  const isByModel = pool.settings.engine === 'xinference';
  const { dropped } = isByModel
    ? { dropped: pool.isKnownGood(member, nowMs, freshness) ? undefined : ('stale' as const) }
    : judge(pool, member, undefined, { ...freshness, nowMs });
  return {
    member: member.name,
    score: member.score,
    scoreAgeMs: scoredAtMs === undefined ? null : nowMs - scoredAtMs,
    leftOut: dropped === undefined ? null : DROP_REASONS[dropped],
    metrics: member.metrics,
    metricNames: memory.workingKeys,
    variant: memory.detectedVariant,
    ...(isByModel && {
      models: Object.fromEntries([...models].map(([model, load]) => [model, modelScore(load)])),
    }),
    error: member.lastError ?? null,
  };
}
