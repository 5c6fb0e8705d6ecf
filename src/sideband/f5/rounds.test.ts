import { describe, expect, it } from 'vitest';
import {
  ApplianceError,
  type F5Settings,
  type MemberFigures,
  parseSchedulerFile,
  toF5Settings,
} from '../../discovery/f5/index.ts';
import { ManualClock } from '../../domain/index.ts';
import { PoolTable } from '../pools/pool-table.ts';
import { listMembers, MISSES_UNTIL_GONE, type RoundParts, readFigures } from './rounds.ts';

const settingsFrom = (pools: readonly object[]): F5Settings => {
  const text = JSON.stringify({ f5: { host: 'h' }, pools });
  return toF5Settings(parseSchedulerFile(text, {}).file).settings;
};
const POOL = { name: 'p', engine_type: 'vllm' };
const memory = { workingKeys: {}, detectedVariant: null };
const said = (waiting_queue: number, cache_usage: number): MemberFigures => ({
  type: 'metrics',
  metrics: { waiting_queue, cache_usage },
  memory,
});

/** Rounds over an appliance and engines that answer what a test says. */
function aHouse(pools: readonly object[] = [POOL]) {
  const clock = new ManualClock(1_000);
  const table = new PoolTable();
  const told: [level: string, fields: object, message: string][] = [];
  const log = (level: string) => (fields: object, message: string) =>
    void told.push([level, fields, message]);
  const house = {
    clock,
    table,
    told,
    settings: settingsFrom(pools),
    members: async (): Promise<{ ip: string; port: number }[]> => [{ ip: '10.0.0.1', port: 80 }],
    figures: async (ip: string): Promise<MemberFigures> => said(ip === '10.0.0.1' ? 0 : 4, 0.5),
  };
  const parts: RoundParts = {
    pools: table,
    settings: () => house.settings,
    appliance: () => ({ members: () => house.members() }),
    memberClient: () => ({ figures: ({ ip }) => house.figures(ip) }),
    clock,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  };
  return { ...house, house, parts, pool: () => table.get('p', 'Common') };
}

const fails = (failure: ApplianceError['failure']) => async () => {
  throw new ApplianceError(failure, 'oops');
};

describe('listing members', () => {
  it('tells whether they are others than before', async () => {
    const { parts, house, pool } = aHouse();
    expect(await listMembers(parts)).toBe(true);
    expect(await listMembers(parts)).toBe(false);
    house.members = async () => [{ ip: '10.0.0.2', port: 80 }];
    expect(await listMembers(parts)).toBe(true);
    expect(pool()?.members.map(({ name }) => name)).toEqual(['10.0.0.2:80']);
  });

  it.each(['unreachable', 'timeout', 'failing', 'refused', 'unreadable'] as const)(
    'keeps them however often the appliance is %s (fault 13 of the existing scheduler)',
    async (failure) => {
      const { parts, house, pool, clock, told } = aHouse();
      await listMembers(parts);
      house.members = fails(failure);
      clock.advance(700);
      for (let i = 0; i < 20; i++) await listMembers(parts);
      expect(pool()?.members).toHaveLength(1);
      expect(pool()?.membership).toEqual({ listedAtMs: 1_000, consecutiveMisses: 0, lastError: 'oops' });
      expect(told.at(-1)).toEqual([
        'warn',
        { pool: 'p:Common', reason: 'oops', membersAgeMs: 700 },
        'members of a pool could not be listed',
      ]);
    },
  );

  it('ends a pool that the appliance says is gone, not counting what happens between', async () => {
    const { parts, house, pool, told } = aHouse();
    await listMembers(parts);
    for (let i = 1; i < MISSES_UNTIL_GONE; i++) {
      house.members = fails('missing');
      await listMembers(parts);
      house.members = fails('failing');
      await listMembers(parts);
    }
    expect(pool()?.membership.consecutiveMisses).toBe(MISSES_UNTIL_GONE - 1);
    house.members = fails('missing');
    await listMembers(parts);
    expect(pool()).toBeUndefined();
    expect(told.at(-1)?.[0]).toBe('error');
    await listMembers(parts);
    expect(pool()).toBeUndefined();
  });

  it('counts from the start after a good answer', async () => {
    const { parts, house, pool } = aHouse();
    const good = house.members;
    for (let i = 0; i < 3 * MISSES_UNTIL_GONE; i++) {
      house.members = i % MISSES_UNTIL_GONE === 0 ? good : fails('missing');
      await listMembers(parts);
    }
    expect(pool()?.members).toHaveLength(1);
  });

  it('keeps a pool that has no members left', async () => {
    const { parts, house, pool } = aHouse();
    house.members = async () => [];
    expect(await listMembers(parts)).toBe(false);
    expect(pool()?.members).toEqual([]);
  });

  it('asks nobody where the file names the members', async () => {
    const { parts, house, pool } = aHouse([{ ...POOL, members: ['10.0.0.7:80', '::1:80'] }]);
    house.members = async () => expect.fail('asked');
    await listMembers(parts);
    expect(pool()?.members.map(({ name }) => name)).toEqual(['10.0.0.7:80', '::1:80']);
  });

  it('drops an answer about a pool that is no longer configured', async () => {
    const { parts, house, pool } = aHouse();
    house.members = async () => {
      house.settings = settingsFrom([{ ...POOL, name: 'other' }]);
      return [{ ip: '10.0.0.1', port: 80 }];
    };
    await listMembers(parts);
    expect(pool()).toBeUndefined();
  });
});

describe('reading figures', () => {
  async function listed(pools?: readonly object[]) {
    const all = aHouse(pools);
    all.house.members = async () => [
      { ip: '10.0.0.1', port: 80 },
      { ip: '10.0.0.2', port: 80 },
    ];
    await listMembers(all.parts);
    return all;
  }

  it('scores the members, with the moment of asking', async () => {
    const { parts, house, pool, clock } = await listed();
    const { figures } = house;
    house.figures = (ip) => {
      clock.advance(10);
      return figures(ip);
    };
    await readFigures(parts);
    expect(pool()?.members.map(({ score, scoredAtMs }) => [score, scoredAtMs])).toEqual([
      [0.75, 1_000],
      [0.25, 1_000],
    ]);
  });

  it('tells when an engine begins to have trouble and when that ends, once each', async () => {
    const { parts, house, told } = await listed();
    const good = house.figures;
    const bad = async (ip: string): Promise<MemberFigures> =>
      ip === '10.0.0.2' ? { type: 'failure', isUnreachable: true, message: 'refused' } : good(ip);
    for (const figures of [bad, bad, good, good]) {
      house.figures = figures;
      await readFigures(parts);
    }
    expect(told.slice(1).map(([level, fields, message]) => [level, message, fields])).toEqual([
      ['warn', 'a member gives no figures', { pool: 'p:Common', member: '10.0.0.2:80', reason: 'refused' }],
      ['info', 'a member gives figures again', { pool: 'p:Common', member: '10.0.0.2:80' }],
    ]);
  });

  it('says when scores cannot be computed, and goes on', async () => {
    const { parts, house, told, pool } = await listed();
    house.settings = {
      ...house.settings,
      mode: {
        name: 's1_dynamic_waiting',
        waitingWeight: 1,
        cacheWeight: 1,
        runningWeight: 0,
        transitionPoint: 0,
        steepness: 1,
      },
    };
    await readFigures(parts);
    expect(told.at(-1)?.[0]).toBe('error');
    expect(pool()?.members[0]?.scoredAtMs).toBeUndefined();
    expect(pool()?.members[0]?.metrics).toEqual({ waiting_queue: 0, cache_usage: 0.5 });
  });

  it('drops what comes after it was told to stop, or about other settings', async () => {
    const { parts, house, pool } = await listed();
    await readFigures(parts, AbortSignal.abort());
    expect(pool()?.members[0]?.metrics).toEqual({});
    const good = house.figures;
    house.figures = (ip) => {
      house.settings = settingsFrom([POOL]);
      return good(ip);
    };
    await readFigures(parts);
    expect(pool()?.members[0]?.metrics).toEqual({});
  });
});
