/** Copies the API keys of XInference clusters into a data group of the appliance, where iRules find them. */

import type { IControlClient, KeySyncSection, MemberClient, PoolSection } from '../../discovery/f5/index.ts';
import type { Clock } from '../../domain/index.ts';
import type { Member } from '../pools/member.ts';
import { poolKey } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { continueCourse, type KeyCourse, keyHealthOf, mustForgetKeys, startCourse } from './key-health.ts';
import type { SidebandLog } from './log.ts';

export interface KeySyncParts {
  readonly pools: PoolTable;
  /** Those of the file; the ones without a `model_APIkey` section are left alone. */
  readonly sections: () => readonly PoolSection[];
  readonly appliance: () => Pick<IControlClient, 'writeDataGroup'> | undefined;
  readonly memberClient: (pool: PoolSection) => Pick<MemberClient, 'keys'> | undefined;
  readonly clock: Clock;
  readonly log: SidebandLog;
}

export interface KeySync {
  /** One round for the pools whose interval is over. */
  run(signal?: AbortSignal): Promise<void>;
  health(): Record<string, unknown>;
}

type SyncedPool = PoolSection & { readonly keySync: KeySyncSection };
type Keys = ReadonlyMap<string, readonly string[]>;

interface PoolKeys {
  course: KeyCourse;
  nextAtMs: number;
  /** By member's name; a member that never answered is absent. */
  readonly byMember: Map<string, Keys>;
  /** Whether some member's keys are not known, so that writing would take away what the data group has of it. */
  isIncomplete: boolean;
  /** Whether its members were ever known; one that the appliance no longer has was, and has none. */
  wasListed: boolean;
}

/** Data groups lie where the existing scheduler puts them. */
const PARTITION = 'Common';

export function createKeySync(parts: KeySyncParts): KeySync {
  const { clock, log } = parts;
  const known = new Map<string, PoolKeys>();
  const synced = () => parts.sections().filter((pool): pool is SyncedPool => pool.keySync !== undefined);

  function stateOf(pool: SyncedPool): PoolKeys {
    const key = poolKey(pool);
    const state = known.get(key) ?? {
      course: startCourse(clock.now()),
      nextAtMs: 0,
      byMember: new Map<string, Keys>(),
      isIncomplete: true,
      wasListed: false,
    };
    known.set(key, state);
    return state;
  }

  async function readPool(pool: SyncedPool, signal: AbortSignal | undefined): Promise<void> {
    const state = stateOf(pool);
    const client = parts.memberClient(pool);
    const found = parts.pools.get(pool.name, pool.partition);
    state.wasListed ||= found?.membership.listedAtMs !== undefined;
    // A pool without a list yet is not one without members: taken for such, its keys would vanish from the data group.
    if (client === undefined || !state.wasListed) return;
    state.nextAtMs = clock.now() + pool.keySync.interval * 1_000;
    const members = found?.members ?? [];
    const read = await Promise.all(
      members.map(async (member) => ({ member, answer: await client.keys(member, signal) })),
    );
    if (signal?.aborted) return;
    const failures = read.flatMap(({ answer }) => (answer.ok ? [] : [answer.message]));
    state.course = continueCourse(state.course, failures[0], clock.now());
    const forgets = mustForgetKeys(pool.keySync, state.course, clock.now());
    for (const { member, answer } of read) {
      if (answer.ok) state.byMember.set(member.name, answer.keys);
      else if (forgets) state.byMember.set(member.name, new Map());
    }
    forgetOthers(state.byMember, members);
    state.isIncomplete = members.some(({ name }) => !state.byMember.has(name));
    if (failures.length > 0) {
      log.warn(
        { pool: poolKey(pool), reason: failures[0], mode: pool.keySync.failureMode },
        'API keys could not be read',
      );
    }
  }

  /** Several pools may share a data group, and writing replaces all of it. */
  async function writeGroup(name: string): Promise<void> {
    const states = synced()
      .filter(({ keySync }) => keySync.dataGroup === name)
      .map(stateOf);
    if (states.some(({ isIncomplete }) => isIncomplete)) return;
    try {
      const records = recordsOf(states);
      await parts.appliance()?.writeDataGroup({ name, partition: PARTITION }, records);
      log.debug({ dataGroup: name, records: records.size }, 'API keys copied');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      for (const state of states) state.course = continueCourse(state.course, message, clock.now());
      log.warn({ dataGroup: name, reason: message }, 'API keys could not be written to the data group');
    }
  }

  return {
    async run(signal) {
      const due = synced().filter((pool) => stateOf(pool).nextAtMs <= clock.now());
      await Promise.all(due.map((pool) => readPool(pool, signal)));
      if (signal?.aborted) return;
      for (const group of new Set(due.map(({ keySync }) => keySync.dataGroup))) await writeGroup(group);
    },
    health() {
      const pools = synced().map((pool) => ({
        name: pool.name,
        partition: pool.partition,
        failureMode: pool.keySync.failureMode,
        course: stateOf(pool).course,
      }));
      return keyHealthOf(pools, clock.now());
    },
  };
}

function forgetOthers(byMember: Map<string, Keys>, members: readonly Member[]): void {
  const names = new Set(members.map(({ name }) => name));
  for (const name of byMember.keys()) if (!names.has(name)) byMember.delete(name);
}

/** `model_10.0.0.1_8001` → `key1,key2`, in the order of the names. */
function recordsOf(states: readonly PoolKeys[]): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (const { byMember } of states) {
    for (const [member, keys] of byMember) {
      const place = member.replace(/:(\d+)$/, '_$1');
      for (const [model, values] of keys) records.set(`${model}_${place}`, values.join(','));
    }
  }
  return new Map([...records].sort(([a], [b]) => (a < b ? -1 : 1)));
}
