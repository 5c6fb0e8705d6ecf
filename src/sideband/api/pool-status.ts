/** What is told of a pool, for programs and as plain lines. */

import type { Freshness, Pool } from '../pools/pool.ts';
import { fixed, roundTo } from './decimals.ts';

/** The existing scheduler's shape; what is more lies under `/scheduler/pools`. */
export interface PoolStatus {
  readonly name: string;
  readonly partition: string;
  readonly engine_type: string;
  readonly member_count: number;
  readonly members: readonly MemberStatus[];
}

interface MemberStatus {
  readonly ip: string;
  readonly port: number;
  readonly score: number;
  /** Share of the sum of all scores, in percent. */
  readonly percent: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly detected_variant: string | null;
}

export function poolStatus(pool: Pool, nowMs: number, freshness: Freshness): PoolStatus {
  const scores = shownScores(pool, nowMs, freshness);
  const total = scores.reduce((sum, score) => sum + score, 0);
  const { name, partition, engine } = pool.settings;
  return {
    name,
    partition,
    engine_type: engine,
    member_count: pool.members.length,
    members: pool.members.map(({ ip, port, metrics, memory }, i) => ({
      ip,
      port,
      score: scores[i]!,
      percent: total > 0 ? roundTo((scores[i]! / total) * 100, 2) : 0,
      metrics,
      detected_variant: memory.detectedVariant,
    })),
  };
}

/** `10.0.0.1:8001 0.5404` for each member. */
export function poolLines(pool: Pool, nowMs: number, freshness: Freshness): string {
  const scores = shownScores(pool, nowMs, freshness);
  return pool.members.map(({ name }, i) => `${name} ${fixed(scores[i]!, 4)}`).join('\n');
}

/** A member that is not chosen because nothing good is known of it shows 0, whatever it scored last. */
function shownScores(pool: Pool, nowMs: number, freshness: Freshness): readonly number[] {
  return pool.members.map((member) => (pool.isKnownGood(member, nowMs, freshness) ? member.score : 0));
}
