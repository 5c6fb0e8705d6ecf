import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_F5_MODE, type F5Metrics } from '../../routing/index.ts';
import { address, aPool, named, SOUND, said, settings, tell } from '../__fixtures__/pools.ts';
import { createMember, INITIAL_SCORE, memberName, modelScore, NO_MEMORY } from './member.ts';
import { Pool } from './pool.ts';
import { PoolTable } from './pool-table.ts';

const scoresOf = (pool: Pool) => pool.members.map(({ score }) => score);
const models = (entries: Record<string, number>) =>
  ({ type: 'models', utilisation: new Map(Object.entries(entries)) }) as const;

describe("a pool's members", () => {
  it('keep what is known of them when a new list has them, too', () => {
    const pool = aPool([said(0, 0.2), said(4, 0.6)]);
    const kept = pool.find(named(2)[0]!)!;
    const changes = pool.setMembers([address(2), address(3)], 5);
    expect(changes).toEqual({ preserved: 1, added: 1, removed: 1, total: 2 });
    expect(pool.members[0]).toBe(kept);
    expect(scoresOf(pool)).toEqual([0.2, INITIAL_SCORE]);
    expect(pool.membership.listedAtMs).toBe(5);
  });

  it('are one where a list names them twice', () => {
    const pool = new Pool(settings());
    expect(pool.setMembers([address(1), address(1)], 0).total).toBe(1);
  });

  it('stay when a list cannot be had, with the reason', () => {
    const pool = aPool([said(0, 0.2)]);
    pool.noteListFailure('no route to host', false);
    pool.noteListFailure('no such pool', true);
    expect(pool.members).toHaveLength(1);
    expect(pool.membership).toEqual({ listedAtMs: 0, consecutiveMisses: 1, lastError: 'no such pool' });
    pool.setMembers([address(1)], 9);
    expect(pool.membership).toEqual({ listedAtMs: 9, consecutiveMisses: 0, lastError: undefined });
  });

  it('always are what the last list said, whatever came before', () => {
    const list = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 6 }), (lists) => {
        const pool = new Pool(settings());
        for (const [i, one] of lists.entries()) pool.setMembers(one.map(address), i);
        expect(pool.members.map(memberName)).toEqual(named(...new Set(lists.at(-1)!)));
      }),
    );
  });
});

describe('scoring a pool', () => {
  it('leaves an old score where the figures are not complete, and tells its age', () => {
    const pool = aPool([said(0, 0.2), said(4, 0.6)]);
    tell(pool, 2, { waiting_queue: 0 }, 100);
    tell(pool, 1, said(1, 0.4), 100);
    pool.rescore(DEFAULT_F5_MODE, 100);
    expect(scoresOf(pool)).toEqual([0.8, 0.2]);
    expect(pool.members.map(({ scoredAtMs }) => scoredAtMs)).toEqual([100, 0]);
  });

  it('does nothing without a mode', () => {
    const pool = aPool([said(0, 0.2)]);
    tell(pool, 1, said(9, 0.9), 5);
    pool.rescore(undefined, 5);
    expect(scoresOf(pool)).toEqual([0.9]);
  });

  it('keeps all scores when the mode cannot be computed', () => {
    const pool = aPool([said(0, 0.2)]);
    const broken = { ...DEFAULT_F5_MODE, name: 's1_dynamic_waiting', transitionPoint: 0 } as const;
    expect(() => pool.rescore(broken, 5)).toThrow('transition_point');
    expect(scoresOf(pool)).toEqual([0.9]);
    expect(pool.members[0]!.scoredAtMs).toBe(0);
  });
});

describe('whether a member is known to be good', () => {
  it('ends when its figures are too old', () => {
    const pool = aPool([said(0, 0.2)]);
    const [member] = pool.members;
    expect(pool.isKnownGood(member!, 10_000, SOUND)).toBe(true);
    expect(pool.isKnownGood(member!, 10_001, SOUND)).toBe(false);
    expect(pool.isKnownGood(member!, 1e9, { ...SOUND, keepLastScore: true })).toBe(true);
  });

  it('ends at once when nothing listens there, and begins again when something does', () => {
    const pool = aPool([said(0, 0.2)]);
    const [member] = pool.members;
    pool.record(member!, { type: 'failure', isUnreachable: true, message: 'refused' }, 1);
    expect(pool.isKnownGood(member!, 1, SOUND)).toBe(false);
    expect(member!.lastError).toBe('refused');
    tell(pool, 1, said(0, 0.2), 2);
    expect(pool.isKnownGood(member!, 2, SOUND)).toBe(true);
    expect(member!.lastError).toBeUndefined();
  });

  it('ends in time where the engine answers something else, and says what it does not tell', () => {
    const pool = new Pool({ name: 'p', partition: 'Common', engine: 'vllm', isFallback: false });
    pool.setMembers([{ ip: '10.0.0.1', port: 80 }], 0);
    const [member] = pool.members;
    const hear = (metrics: F5Metrics) =>
      pool.record(member!, { type: 'metrics', metrics, memory: NO_MEMORY }, 0);
    hear({ waiting_queue: 1 });
    expect(member!.lastError).toBe('it answers, but tells no cache_usage');
    hear({});
    expect(member!.lastError).toBe('it answers, but tells no waiting_queue and no cache_usage');
    hear({ waiting_queue: 1, cache_usage: 0.1 });
    expect(member!.lastError).toBeUndefined();
  });

  it('has not begun before the first figures', () => {
    const pool = aPool([undefined]);
    expect(pool.isKnownGood(pool.members[0]!, 0, SOUND)).toBe(false);
  });
});

describe('what several models per member use', () => {
  it('is kept per model with its own age', () => {
    const pool = aPool([], { engine: 'xinference' });
    pool.setMembers([address(1)], 0);
    const [member] = pool.members;
    pool.record(member!, models({ a: 0.8 }), 1);
    pool.record(member!, models({ b: 0.1 }), 2);
    expect([...member!.models]).toEqual([
      ['a', { utilisation: 0.8, readAtMs: 1 }],
      ['b', { utilisation: 0.1, readAtMs: 2 }],
    ]);
    expect(member!.memory.detectedVariant).toBe('xinference');
  });

  it('is a score of at least the initial one', () => {
    expect(modelScore({ utilisation: 0.25, readAtMs: 0 })).toBe(0.75);
    expect(modelScore({ utilisation: 1, readAtMs: 0 })).toBe(INITIAL_SCORE);
  });
});

describe('changed settings', () => {
  it('of the engine make metric names be found anew; scores stay', () => {
    const pool = aPool([said(0, 0.2)]);
    const [member] = pool.members;
    member!.memory = { workingKeys: { cache_usage: 'x' }, detectedVariant: 'vllm' };
    pool.configure(settings({ maxRunning: 3 }));
    expect(member!.memory.workingKeys).toEqual({ cache_usage: 'x' });
    pool.configure(settings({ engine: 'sglang' }));
    expect(member!.memory).toEqual({ workingKeys: {}, detectedVariant: 'vllm' });
    expect(member!.score).toBe(0.9);
  });

  it('of the table remove pools, change pools and leave new ones to whoever lists their members', () => {
    const table = new PoolTable();
    const kept = table.ensure(settings());
    table.ensure(settings({ name: 'old' }));
    table.configure([settings({ isFallback: true }), settings({ name: 'new' })]);
    expect(table.all()).toEqual([kept]);
    expect(table.get('p', 'Common')?.settings.isFallback).toBe(true);
    expect(table.ensure(settings({ maxWaiting: 1 }))).toBe(kept);
    expect(kept.settings.maxWaiting).toBe(1);
    table.remove(settings());
    expect(table.all()).toEqual([]);
  });

  it('leave pools of the same name in other partitions apart', () => {
    const table = new PoolTable();
    table.ensure(settings());
    table.ensure(settings({ partition: 'tenant' }));
    expect(table.all().map((pool) => pool.settings.partition)).toEqual(['Common', 'tenant']);
    expect(table.get('p', 'common')).toBeUndefined();
  });
});

describe('a new member', () => {
  it('has the initial score and has said nothing', () => {
    expect(createMember({ ip: '::1', port: 9 })).toMatchObject({
      name: '::1:9',
      score: INITIAL_SCORE,
      scoredAtMs: undefined,
      metrics: {},
      memory: NO_MEMORY,
    });
  });
});
