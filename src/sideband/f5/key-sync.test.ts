import { describe, expect, it } from 'vitest';
import { parseSchedulerFile } from '../../discovery/f5/index.ts';
import { ManualClock } from '../../domain/index.ts';
import { PoolTable } from '../pools/pool-table.ts';
import { continueCourse, keyHealthOf, mustForgetKeys, startCourse } from './key-health.ts';
import { createKeySync } from './key-sync.ts';
import { poolSettingsOf } from './pool-settings.ts';

type Answer = Record<string, string[]> | 'fails';

/** Pools of one or two members each whose keys, and the data groups, a test sets and looks at. */
function aHouse(pools: Record<string, { group?: string; members: string[]; settings?: object }>) {
  const clock = new ManualClock(0);
  const table = new PoolTable();
  const text = JSON.stringify({
    f5: { host: 'h' },
    pools: Object.entries(pools).map(([name, { group, settings }]) => ({
      name,
      engine_type: 'xinference',
      ...(group !== undefined && {
        model_APIkey: { f5datagroup: group, api_key_sync_interval: 10, ...settings },
      }),
    })),
  });
  const { file } = parseSchedulerFile(text, {});
  for (const section of file.pools) {
    const addresses = pools[section.name]!.members.map((ip) => ({ ip, port: 80 }));
    table.ensure(poolSettingsOf(section)).setMembers(addresses, 0);
  }
  const answers = new Map<string, Answer>();
  const groups = new Map<string, Record<string, string>>();
  let isRefusing = false;
  const silent = () => undefined;
  const sync = createKeySync({
    pools: table,
    sections: () => file.pools,
    appliance: () => ({
      async writeDataGroup({ name }, records) {
        if (isRefusing) throw new Error('refused');
        groups.set(name, Object.fromEntries(records));
      },
    }),
    memberClient: () => ({
      async keys({ ip }) {
        const answer = answers.get(ip) ?? 'fails';
        if (answer === 'fails') return { ok: false, message: `${ip} does not answer` };
        return { ok: true, keys: new Map(Object.entries(answer)) };
      },
    }),
    clock,
    log: { debug: silent, info: silent, warn: silent, error: silent },
  });
  const refuse = (refusing: boolean) => {
    isRefusing = refusing;
  };
  const round = async () => {
    clock.advance(10_000);
    await sync.run();
  };
  return { clock, table, answers, groups, sync, round, refuse };
}

const ONE = { x: { group: 'g', members: ['10.0.0.1', '10.0.0.2'] } };

describe('copying API keys', () => {
  it('writes a record for each model and member, in the order of the names', async () => {
    const { answers, groups, round } = aHouse(ONE);
    answers.set('10.0.0.1', { a: ['k1', 'k2'], b: ['k1'] }).set('10.0.0.2', { a: ['k3'] });
    await round();
    expect(Object.entries(groups.get('g')!)).toEqual([
      ['a_10.0.0.1_80', 'k1,k2'],
      ['a_10.0.0.2_80', 'k3'],
      ['b_10.0.0.1_80', 'k1'],
    ]);
  });

  it('waits for the interval of the pool', async () => {
    const { answers, groups, round, sync, clock } = aHouse(ONE);
    answers.set('10.0.0.1', { a: ['k1'] }).set('10.0.0.2', {});
    await round();
    answers.set('10.0.0.1', { a: ['k2'] });
    clock.advance(9_999);
    await sync.run();
    expect(groups.get('g')).toEqual({ 'a_10.0.0.1_80': 'k1' });
    clock.advance(1);
    await sync.run();
    expect(groups.get('g')).toEqual({ 'a_10.0.0.1_80': 'k2' });
  });

  it('writes nothing before the members are listed, and does not wait for another interval then', async () => {
    const { answers, groups, table, sync, round } = aHouse(ONE);
    answers.set('10.0.0.1', { a: ['k1'] });
    const settings = table.get('x', 'Common')!.settings;
    table.remove(settings);
    await round();
    expect(groups.size).toBe(0);
    const pool = table.ensure(settings);
    await sync.run();
    expect(groups.size).toBe(0);
    pool.setMembers([{ ip: '10.0.0.1', port: 80 }], 0);
    await sync.run();
    expect(groups.get('g')).toEqual({ 'a_10.0.0.1_80': 'k1' });
    table.remove(settings);
    await round();
    expect(groups.get('g')).toEqual({});
  });

  it('writes nothing while the keys of some member were never known', async () => {
    const { answers, groups, round } = aHouse(ONE);
    answers.set('10.0.0.1', { a: ['k1'] });
    await round();
    expect(groups.size).toBe(0);
  });

  it.each([
    ['preserve', { 'a_10.0.0.1_80': 'new', 'a_10.0.0.2_80': 'k2' }],
    ['clear', { 'a_10.0.0.1_80': 'new' }],
  ])('with %s, treats a member that does not answer accordingly', async (failure_mode, expected) => {
    const { answers, groups, round } = aHouse({ x: { ...ONE.x, settings: { failure_mode } } });
    answers.set('10.0.0.1', { a: ['k1'] }).set('10.0.0.2', { a: ['k2'] });
    await round();
    answers.set('10.0.0.1', { a: ['new'] }).set('10.0.0.2', 'fails');
    await round();
    expect(groups.get('g')).toEqual(expected);
  });

  it('with smart, gives up on a member after so many failures in a row', async () => {
    const settings = { failure_mode: 'smart', max_failures_threshold: 3 };
    const { answers, groups, round } = aHouse({ x: { group: 'g', members: ['10.0.0.1'], settings } });
    answers.set('10.0.0.1', { a: ['k1'] });
    await round();
    answers.set('10.0.0.1', 'fails');
    await round();
    await round();
    expect(groups.get('g')).toEqual({ 'a_10.0.0.1_80': 'k1' });
    await round();
    expect(groups.get('g')).toEqual({});
  });

  it('forgets members that have left', async () => {
    const { answers, groups, round, table } = aHouse(ONE);
    answers.set('10.0.0.1', { a: ['k1'] }).set('10.0.0.2', { a: ['k2'] });
    await round();
    table.get('x', 'Common')!.setMembers([{ ip: '10.0.0.2', port: 80 }], 1);
    await round();
    expect(groups.get('g')).toEqual({ 'a_10.0.0.2_80': 'k2' });
  });

  it('puts pools that share a data group into it together', async () => {
    const { answers, groups, round } = aHouse({
      x: { group: 'g', members: ['10.0.0.1'] },
      y: { group: 'g', members: ['10.0.0.2'] },
      z: { members: ['10.0.0.3'] },
    });
    answers.set('10.0.0.1', { a: ['k1'] }).set('10.0.0.2', { a: ['k2'] });
    await round();
    expect(groups.get('g')).toEqual({ 'a_10.0.0.1_80': 'k1', 'a_10.0.0.2_80': 'k2' });
  });

  it('tells how it goes', async () => {
    const { answers, round, sync, refuse } = aHouse(ONE);
    answers.set('10.0.0.1', {}).set('10.0.0.2', {});
    await round();
    expect(sync.health()).toMatchObject({ summary: { healthy_pools: 1, overall_status: 'healthy' } });
    answers.set('10.0.0.2', 'fails');
    await round();
    expect(sync.health()).toMatchObject({
      summary: { unhealthy_pools: 1, overall_status: 'unhealthy' },
      pools: {
        x_Common: { is_healthy: false, consecutive_failures: 1, last_error: '10.0.0.2 does not answer' },
      },
    });
    answers.set('10.0.0.2', {});
    refuse(true);
    await round();
    expect(sync.health()).toMatchObject({
      pools: { x_Common: { is_healthy: false, last_error: 'refused' } },
    });
    refuse(false);
    await round();
    expect(sync.health()).toMatchObject({
      pools: { x_Common: { is_healthy: true, total_failures: 2, last_error: '' } },
    });
  });
});

describe('the health of the copying', () => {
  const keys = {
    dataGroup: 'g',
    path: '/',
    timeout: 1,
    interval: 1,
    apiKey: undefined,
    user: undefined,
    password: undefined,
    failureMode: 'smart',
    maxFailures: 99,
    maxHours: 2,
  } as const;
  const failed = (course = startCourse(0)) => continueCourse(course, 'no', 1);

  it('is disabled where no pool has keys', () => {
    expect(keyHealthOf([], 0)).toMatchObject({ status: 'disabled' });
  });

  it('is degraded where some pools have trouble', () => {
    const pool = (name: string, course = startCourse(0)) =>
      ({ name, partition: 'P', failureMode: 'clear', course }) as const;
    const health = keyHealthOf([pool('a'), pool('b', failed())], 5_400_000);
    expect(health).toMatchObject({
      summary: {
        total_pools: 2,
        healthy_pools: 1,
        unhealthy_pools: 1,
        overall_status: 'degraded',
        failure_mode: 'clear',
      },
      pools: { b_P: { pool_name: 'b', last_success_hours_ago: 1.5 } },
    });
  });

  it('forgets by time as well as by count', () => {
    expect(mustForgetKeys(keys, failed(), 7_199_999)).toBe(false);
    expect(mustForgetKeys(keys, failed(), 7_200_000)).toBe(true);
    expect(mustForgetKeys({ ...keys, maxFailures: 1 }, failed(), 1)).toBe(true);
    expect(mustForgetKeys({ ...keys, failureMode: 'preserve' }, failed(), 1e12)).toBe(false);
  });
});
