/** Pools and an API over them for tests, with defaults for whatever a test does not care about. */

import { ManualClock, type Random, seededRandom } from '../../domain/index.ts';
import { DEFAULT_F5_MODE, type F5Metrics } from '../../routing/index.ts';
import { createSelectApi } from '../api/select-api.ts';
import { type MemberAddress, NO_MEMORY } from '../pools/member.ts';
import { type Freshness, Pool, type PoolSettings } from '../pools/pool.ts';
import { PoolTable } from '../pools/pool-table.ts';

export const SOUND: Freshness = { staleAfterMs: 10_000, keepLastScore: false };

export function settings(fields: Partial<PoolSettings> = {}): PoolSettings {
  return { name: 'p', partition: 'Common', engine: 'vllm', isFallback: false, ...fields };
}

export const address = (last: number): MemberAddress => ({ ip: `10.0.0.${last}`, port: 8000 + last });
export const named = (...lasts: readonly number[]): string[] =>
  lasts.map((last) => `10.0.0.${last}:${8000 + last}`);

export const said = (waiting: number, cache: number, running = 0): F5Metrics => ({
  waiting_queue: waiting,
  cache_usage: cache,
  running_req: running,
});

/** A pool whose members said these things at 0 and were scored by them; one that said `undefined` was never reached. */
export function aPool(figures: readonly (F5Metrics | undefined)[], fields: Partial<PoolSettings> = {}): Pool {
  return filled(new Pool(settings(fields)), figures);
}

export function filled(pool: Pool, figures: readonly (F5Metrics | undefined)[]): Pool {
  pool.setMembers(
    figures.map((_, i) => address(i + 1)),
    0,
  );
  for (const [i, metrics] of figures.entries()) tell(pool, i + 1, metrics, 0);
  pool.rescore(DEFAULT_F5_MODE, 0);
  return pool;
}

/** What one member's engine says; nothing, where it cannot be reached. */
export function tell(pool: Pool, last: number, metrics: F5Metrics | undefined, atMs: number): void {
  const member = pool.find(named(last)[0]!)!;
  const reading =
    metrics === undefined
      ? ({ type: 'failure', isUnreachable: false, message: 'answered 500' } as const)
      : ({ type: 'metrics', metrics, memory: NO_MEMORY } as const);
  pool.record(member, reading, atMs);
}

export function anApi(
  figures: readonly (F5Metrics | undefined)[] = [said(0, 0.2), said(4, 0.6)],
  options: { readonly random?: Random; readonly fields?: Partial<PoolSettings> } = {},
) {
  const clock = new ManualClock(0);
  const pools = new PoolTable();
  const pool = filled(pools.ensure(settings(options.fields)), figures);
  const api = createSelectApi({
    pools,
    clock,
    random: options.random ?? seededRandom(3),
    freshness: () => SOUND,
  });
  return { api, pool, pools, clock };
}

export function bodyOf(members: readonly string[], fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ pool_name: 'p', partition: 'Common', members, ...fields });
}
