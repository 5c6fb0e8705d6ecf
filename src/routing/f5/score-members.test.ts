import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { F5_MODE_NAMES, type F5ModeName, isF5ModeName } from './modes.ts';
import { DEFAULT_F5_MODE, type F5Metrics, neededMetrics, scoreMembers } from './score-members.ts';

const mode = (name: F5ModeName, fields: Partial<typeof DEFAULT_F5_MODE> = {}) => ({
  ...DEFAULT_F5_MODE,
  name,
  ...fields,
});
const said = (waiting: number, cache: number, running = 0): F5Metrics => ({
  waiting_queue: waiting,
  cache_usage: cache,
  running_req: running,
});

describe('one round of scoring', () => {
  it('weighs the idle share of queue and cache', () => {
    expect(scoreMembers(mode('s1'), [said(0, 0.2), said(4, 0.6)])).toEqual([0.9, 0.2]);
  });

  it('weighs running requests in the s2 family', () => {
    const weights = { waitingWeight: 0.4, cacheWeight: 0.3, runningWeight: 0.3 };
    const [idle, busy] = scoreMembers(mode('s2', weights), [said(0, 0, 0), said(0, 0, 9)]);
    expect(idle).toBeCloseTo(1, 12);
    expect(busy).toBeCloseTo(0.7, 12);
  });

  it('leaves out a member that lacks a metric, and compares the others without it', () => {
    const members = [said(0, 0.5), { waiting_queue: 100 }, said(2, 0.5)];
    const [first, second, third] = scoreMembers(mode('s1'), members);
    expect([first, second, third]).toEqual([0.75, undefined, 0.25]);
  });

  it('scores nobody when nobody has what the mode needs', () => {
    expect(scoreMembers(mode('s2'), [{ waiting_queue: 1, cache_usage: 0.1 }, {}])).toEqual([
      undefined,
      undefined,
    ]);
    expect(scoreMembers(mode('s1'), [])).toEqual([]);
  });

  it('lets the raw queue of s1_ratio push a score below 0, but not that of s1_precise', () => {
    expect(scoreMembers(mode('s1_ratio'), [said(9, 0.4)])[0]).toBeLessThan(0);
    expect(scoreMembers(mode('s1_precise'), [said(9, 0.4)])).toEqual([0]);
  });

  it('moves weight to the queue as it grows', () => {
    const members = (queue: number) => [said(queue, 0.1), said(0, 0.9)];
    const [quiet] = scoreMembers(mode('s1_dynamic_waiting'), members(1));
    const [jammed] = scoreMembers(mode('s1_dynamic_waiting'), members(1_000));
    expect(quiet).toBeGreaterThan(0.5);
    expect(jammed).toBeLessThan(0.5);
  });

  it('refuses a transition at 0', () => {
    expect(() => scoreMembers(mode('s1_dynamic_waiting', { transitionPoint: 0 }), [said(1, 1)])).toThrow(
      'transition_point: found 0',
    );
  });

  it('knows sixteen modes, ten with two metrics and six with three', () => {
    expect(F5_MODE_NAMES).toHaveLength(16);
    expect(F5_MODE_NAMES.filter((name) => neededMetrics(name).length === 2)).toHaveLength(10);
    expect(isF5ModeName('s2_advanced')).toBe(true);
    expect(isF5ModeName('toString')).toBe(false);
  });

  const member = fc.record({
    waiting_queue: fc.integer({ min: 0, max: 200 }),
    cache_usage: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
    running_req: fc.integer({ min: 0, max: 300 }),
  });
  const bounded = F5_MODE_NAMES.filter((name) => name !== 's1_ratio');

  it.each(bounded)('%s keeps every score within 0 and 1', (name) => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 10 }), (members) => {
        const weights = { waitingWeight: 0.4, cacheWeight: 0.3, runningWeight: 0.3 };
        for (const score of scoreMembers(mode(name, weights), members)) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it.each(F5_MODE_NAMES)('%s never scores a member worse for being idler in every respect', (name) => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 8 }), (others) => {
        const busy = { waiting_queue: 250, cache_usage: 1, running_req: 350 };
        const idle = { waiting_queue: 0, cache_usage: 0, running_req: 0 };
        const scores = scoreMembers(mode(name), [busy, ...others, idle]);
        expect(scores.at(-1)).toBeGreaterThanOrEqual(scores[0]! - 1e-9);
      }),
    );
  });
});
