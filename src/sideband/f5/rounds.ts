/** What is done again and again: listing the pools' members, and asking their engines for figures. */

import {
  type F5Settings,
  type IControlClient,
  type MemberClient,
  meansPoolIsGone,
  type PoolSection,
} from '../../discovery/f5/index.ts';
import type { Clock } from '../../domain/index.ts';
import type { Member } from '../pools/member.ts';
import { type Pool, poolKey } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { SidebandLog } from './log.ts';
import { namedAddresses, poolSettingsOf } from './pool-settings.ts';

export interface RoundParts {
  readonly pools: PoolTable;
  readonly settings: () => F5Settings;
  /** Absent when no pool needs one. */
  readonly appliance: () => Pick<IControlClient, 'members'> | undefined;
  readonly memberClient: (pool: PoolSection) => Pick<MemberClient, 'figures'> | undefined;
  readonly clock: Clock;
  readonly log: SidebandLog;
}

/** So many answers in a row that a pool does not exist remove it, until it is listed again. */
export const MISSES_UNTIL_GONE = 5;

/** Lists the members of every pool; whether any pool's members are others than before. */
export async function listMembers(parts: RoundParts): Promise<boolean> {
  const changed = await Promise.all(parts.settings().pools.map((pool) => listPool(parts, pool)));
  return changed.includes(true);
}

async function listPool(parts: RoundParts, section: PoolSection): Promise<boolean> {
  const { pools, clock, log } = parts;
  const appliance = parts.appliance();
  const named = namedAddresses(section);
  if (named === undefined && appliance === undefined) return false;
  try {
    const addresses = named ?? (await appliance!.members(section));
    if (!isConfigured(parts, section)) return false;
    const changes = pools.ensure(poolSettingsOf(section)).setMembers(addresses, clock.now());
    const hasChanged = changes.added + changes.removed > 0;
    if (hasChanged) log.info({ pool: poolKey(section), ...changes }, 'members of a pool');
    return hasChanged;
  } catch (error) {
    noteFailure(parts, section, error);
    return false;
  }
}

/** An outage of the appliance keeps the members; only its own word that there is no such pool ends one. */
function noteFailure({ pools, clock, log }: RoundParts, section: PoolSection, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const key = poolKey(section);
  const pool = pools.get(section.name, section.partition);
  pool?.noteListFailure(message, meansPoolIsGone(error));
  const { listedAtMs, consecutiveMisses = 0 } = pool?.membership ?? {};
  if (consecutiveMisses >= MISSES_UNTIL_GONE) {
    pools.remove(section);
    log.error(
      { pool: key, misses: consecutiveMisses },
      'the appliance no longer has the pool; it is forgotten',
    );
    return;
  }
  const ageMs = listedAtMs === undefined ? undefined : clock.now() - listedAtMs;
  log.warn({ pool: key, reason: message, membersAgeMs: ageMs }, 'members of a pool could not be listed');
}

/** Asks every member of every pool, and scores each pool as soon as its members have answered. */
export async function readFigures(parts: RoundParts, signal?: AbortSignal): Promise<void> {
  await Promise.all(parts.settings().pools.map((section) => readPool(parts, section, signal)));
}

async function readPool(parts: RoundParts, section: PoolSection, signal?: AbortSignal): Promise<void> {
  const { pools, clock, log } = parts;
  const pool = pools.get(section.name, section.partition);
  const client = parts.memberClient(section);
  if (pool === undefined || client === undefined) return;
  // The moment of asking: a figure is at least as old as that.
  const askedAtMs = clock.now();
  const readings = await Promise.all(
    pool.members.map(async (member) => ({
      member,
      reading: await client.figures(member, member.memory, signal),
    })),
  );
  if (signal?.aborted || !isConfigured(parts, section)) return;
  for (const { member, reading } of readings) {
    const before = member.lastError;
    pool.record(member, reading, askedAtMs);
    tellOfChange(log, pool, member, before);
  }
  try {
    pool.rescore(parts.settings().mode, askedAtMs);
  } catch (error) {
    log.error({ pool: poolKey(section), err: error }, 'members could not be scored; their scores grow old');
  }
}

/** An engine that has trouble is told of when that begins and ends, not with every look at it. */
function tellOfChange(
  log: SidebandLog,
  pool: Pool,
  { name, lastError }: Member,
  before: string | undefined,
): void {
  const about = { pool: poolKey(pool.settings), member: name };
  if (lastError !== undefined && before === undefined) {
    log.warn({ ...about, reason: lastError }, 'a member gives no figures');
  } else if (lastError === undefined && before !== undefined) {
    log.info(about, 'a member gives figures again');
  }
}

/** A pool may have gone, or have got other settings, while somebody was asked about it. */
function isConfigured({ settings }: RoundParts, section: PoolSection): boolean {
  return settings().pools.includes(section);
}
