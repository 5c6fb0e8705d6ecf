import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_F5_MODE, type F5Metrics } from '../../routing/index.ts';
import { address, aPool, named, SOUND, said, tell } from '../__fixtures__/pools.ts';
import type { Pool, PoolSettings } from '../pools/pool.ts';
import { namedMembers, parseMemberName } from './candidates.ts';
import { MAX_CANDIDATES, SelectDecisionLog } from './decision-log.ts';
import { type SelectConditions, type Selection, select } from './select.ts';

const at = (nowMs: number, draw = 0.5): SelectConditions => ({ ...SOUND, nowMs, draw: () => draw });
const request = (members: readonly string[], model?: string) => ({
  poolName: 'p',
  partition: 'Common',
  members,
  model,
});

function ask(pool: Pool | undefined, members: readonly string[], conditions = at(0)): Selection {
  return select(pool, request(members), conditions);
}

describe('the name of a member', () => {
  it.each([
    ['10.0.0.1:8001', '10.0.0.1', 8001],
    ['10.0.0.1: 8001 ', '10.0.0.1', 8001],
    ['10.0.0.1:08001', '10.0.0.1', 8001],
    ['10.0.0.1:+8001', '10.0.0.1', 8001],
    ['10.0.0.1:8_001', '10.0.0.1', 8001],
    ['2001:db8::1:8001', '2001:db8::1', 8001],
    ['10.0.0.1%2:80', '10.0.0.1%2', 80],
    [':80', '', 80],
  ])('%j is split at its last colon', (text, ip, port) => {
    expect(parseMemberName(text)).toEqual({ ip, port });
  });

  it.each(['', 'bad', '10.0.0.1:', '10.0.0.1:8001.0', '10.0.0.1:8__1', '10.0.0.1:0x50', '10.0.0.1:_80'])(
    '%j is none',
    (text) => {
      expect(parseMemberName(text)).toBeUndefined();
    },
  );

  it('is found in the order of the pool, once', () => {
    const pool = aPool([said(0, 0), said(0, 0), said(0, 0)]);
    const found = namedMembers(pool, [...named(3, 1, 3), 'bad', '10.0.0.9:9']);
    expect(found.map(({ name }) => name)).toEqual(named(1, 3));
  });
});

describe('the choice of a member', () => {
  it.each<[string, (F5Metrics | undefined)[], number, Partial<PoolSettings>, string]>([
    ['goes by the share of the scores', [said(0, 0.2), said(4, 0.6)], 0.81, {}, '10.0.0.1:8001'],
    ['gives the rest to the other', [said(0, 0.2), said(4, 0.6)], 0.82, {}, '10.0.0.2:8002'],
    ['leaves out the one without figures', [undefined, said(4, 0.6)], 0, {}, '10.0.0.2:8002'],
    ['is none without any figures', [undefined, undefined], 0, {}, 'none'],
    ['is none when all score 0', [said(0, 1), said(0, 1)], 0, {}, '10.0.0.1:8001'],
    ['leaves out who runs too much', [said(0, 0, 7), said(0, 0.9, 6)], 0, { maxRunning: 6 }, '10.0.0.2:8002'],
    ['leaves out whose queue is too long', [said(4, 0), said(3, 0.9)], 0, { maxWaiting: 3 }, '10.0.0.2:8002'],
    ['knows a threshold of 0', [said(1, 0), said(2, 0)], 0, { maxWaiting: 0 }, 'none'],
    ['goes to the fallback pool when told so', [said(0, 0)], 0, { isFallback: true }, 'fallback'],
  ])('%s', (_, figures, draw, fields, expected) => {
    const names = named(...figures.map((_figure, i) => i + 1));
    expect(ask(aPool(figures, fields), names, at(0, draw)).answer).toBe(expected);
  });

  it('is none where there is no such pool, or none of its members is named', () => {
    expect(ask(undefined, named(1))).toMatchObject({ answer: 'none', reason: 'there is no such pool' });
    expect(ask(aPool([said(0, 0)]), ['bad'])).toMatchObject({
      answer: 'none',
      reason: 'none of the members named is in the pool',
    });
  });

  it('does not draw where there is nothing to choose from', () => {
    const pool = aPool([said(0, 0.5), undefined]);
    const noDraw = { ...at(0), draw: () => expect.fail('drawn') };
    expect(select(pool, request(named(1, 2)), noDraw).answer).toBe('10.0.0.1:8001');
    expect(select(pool, request(named(2)), noDraw).answer).toBe('none');
  });

  it('explains each candidate', () => {
    const pool = aPool([said(0, 0.2), said(5, 0.6), said(0, 0.1), undefined], { maxWaiting: 4 });
    const { reason, candidates } = ask(pool, named(1, 2, 4), at(0));
    expect(reason).toBe('score 0.9, chance 100.0 % among 1 of 3');
    expect(candidates.map(({ member, dropped }) => [member.name, dropped])).toEqual([
      ['10.0.0.1:8001', undefined],
      ['10.0.0.2:8002', 'waiting'],
      ['10.0.0.4:8004', 'unknown'],
    ]);
  });
});

describe('an engine that stops answering (fault 2 of the existing scheduler)', () => {
  const pool = () => aPool([said(0, 0.1), said(0, 0.9)]);

  it('is chosen on its last score for a while, and then no more', () => {
    const one = pool();
    tell(one, 1, undefined, 9_000);
    tell(one, 2, said(0, 0.9), 9_000);
    one.rescore(DEFAULT_F5_MODE, 9_000);
    expect(ask(one, named(1, 2), at(10_000, 0)).answer).toBe('10.0.0.1:8001');
    expect(ask(one, named(1, 2), at(10_001, 0)).answer).toBe('10.0.0.2:8002');
    expect(one.members[0]!.score).toBe(0.95);
  });

  it('is not chosen any more once its port is closed', () => {
    const one = pool();
    one.record(one.members[0]!, { type: 'failure', isUnreachable: true, message: 'refused' }, 10);
    const { answer, candidates } = ask(one, named(1, 2), at(10, 0));
    expect(answer).toBe('10.0.0.2:8002');
    expect(candidates[0]?.dropped).toBe('unreachable');
  });

  it('leaves nothing to choose when all of them do', () => {
    const { answer, candidates, reason } = ask(pool(), named(1, 2), at(10_001));
    expect([answer, reason]).toEqual(['none', 'none of the 2 is known to be good']);
    expect(candidates.map(({ dropped }) => dropped)).toEqual(['stale', 'stale']);
  });

  it('is chosen for ever where somebody asks for that', () => {
    const asBefore = { ...at(1e9, 0), keepLastScore: true };
    expect(select(pool(), request(named(1, 2)), asBefore).answer).toBe('10.0.0.1:8001');
  });
});

describe('a pool whose members serve models by name', () => {
  function servingModels(): Pool {
    const pool = aPool([], { engine: 'xinference', maxRunning: 0 });
    pool.setMembers([address(1), address(2)], 0);
    const [first, second] = pool.members;
    pool.record(first!, { type: 'models', utilisation: new Map([['a', 0.8]]) }, 0);
    pool.record(second!, { type: 'models', utilisation: new Map(Object.entries({ a: 0.2, b: 1 })) }, 0);
    return pool;
  }
  const answer = (model: string | undefined, nowMs = 0, draw = 0.19) =>
    select(servingModels(), request(named(1, 2), model), at(nowMs, draw)).answer;

  it('chooses by what the model has left', () => {
    expect(answer('a')).toBe('10.0.0.1:8001');
    expect(answer('a', 0, 0.21)).toBe('10.0.0.2:8002');
    expect(answer('b')).toBe('10.0.0.2:8002');
  });

  it('says when the request names no model, or one that nobody has', () => {
    expect(answer(undefined)).toBe('request_has_no_model_name');
    expect(answer('')).toBe('request_has_no_model_name');
    expect(answer('zzz')).toBe('no_the_model_name');
  });

  it('does not choose on figures that are too old', () => {
    expect(answer('a', 10_001)).toBe('none');
  });

  it('does not choose where nothing listens', () => {
    const pool = servingModels();
    pool.record(pool.members[1]!, { type: 'failure', isUnreachable: true, message: 'refused' }, 1);
    expect(select(pool, request(named(1, 2), 'a'), at(1, 0.9)).answer).toBe('10.0.0.1:8001');
    expect(select(pool, request(named(1, 2), 'b'), at(1)).answer).toBe('none');
  });
});

describe('any choice', () => {
  it('is a member that was named and is in the pool, or a word', () => {
    const figure = fc.option(
      fc.record({
        waiting_queue: fc.integer({ min: 0, max: 9 }),
        cache_usage: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { nil: undefined },
    );
    const draw = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(figure, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 })),
        draw,
        (figures, lasts, u) => {
          const pool = aPool(figures);
          const { answer, member } = ask(pool, named(...lasts), at(0, u));
          if (member === undefined) expect(answer).toBe('none');
          else {
            expect(named(...lasts)).toContain(answer);
            expect(figures[pool.members.indexOf(member)]).toBeDefined();
          }
        },
      ),
    );
  });
});

describe('the log of choices', () => {
  const pool = aPool([said(0, 0.2), said(4, 0.6), undefined]);
  const log = (capacity: number, count: number) => {
    const decisions = new SelectDecisionLog(capacity);
    for (let i = 0; i < count; i++) {
      decisions.add(request(named(1, 2, 3)), ask(pool, named(1, 2, 3), at(i, 0.9)), i);
    }
    return decisions;
  };

  it('shows the chosen one first, then the best of the others, with their chances', () => {
    const { candidates, ...rest } = log(5, 1).find('sel-1')!;
    expect(rest).toEqual({
      id: 'sel-1',
      atMs: 0,
      pool: 'p',
      partition: 'Common',
      answer: '10.0.0.2:8002',
      reason: 'score 0.2, chance 18.2 % among 2 of 3',
      candidateCount: 3,
    });
    expect(candidates.map(({ member }) => member)).toEqual(named(2, 1, 3));
    expect(candidates[0]!.chance + candidates[1]!.chance).toBeCloseTo(1, 12);
    expect(candidates[2]).toMatchObject({ chance: 0, dropped: 'no complete figures yet' });
  });

  it('forgets the oldest', () => {
    const decisions = log(3, 5);
    expect(decisions.latest(10).map(({ id }) => id)).toEqual(['sel-5', 'sel-4', 'sel-3']);
    expect(decisions.latest(1)).toHaveLength(1);
    expect(decisions.find('sel-2')).toBeUndefined();
    expect(decisions.find('sel-3')?.atMs).toBe(2);
  });

  it.each(['', 'sel-', 'sel-0', 'sel-6', 'sel-x', '1', 'sel--1'])('does not know %j', (id) => {
    expect(log(3, 5).find(id)).toBeUndefined();
  });

  it('keeps a bounded number of candidates', () => {
    const many = aPool(Array.from({ length: 100 }, () => said(0, 0.5)));
    const names = many.members.map(({ name }) => name);
    const decisions = new SelectDecisionLog(1);
    decisions.add(request(names), ask(many, names, at(0, 0.99)), 0);
    const [decision] = decisions.latest(1);
    expect(decision).toMatchObject({ candidateCount: 100 });
    expect(decision!.candidates).toHaveLength(MAX_CANDIDATES);
    expect(decision!.candidates[0]!.member).toBe(decision!.answer);
  });
});
