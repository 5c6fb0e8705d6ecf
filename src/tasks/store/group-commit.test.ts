import { describe, expect, it } from 'vitest';
import { GroupCommit } from './group-commit.ts';

class EverybodysError extends Error {}

function committing(overrides: { maxItems?: number; maxWeight?: number; fail?(items: string[]): void } = {}) {
  const groups: string[][] = [];
  const commit = new GroupCommit<string, string>({
    store: async (calls) => {
      groups.push(calls.flat());
      await Promise.resolve();
      overrides.fail?.(calls.flat());
      return calls.map((call) => call.map((item) => item.toUpperCase()));
    },
    isEverybodys: (error) => error instanceof EverybodysError,
    weigh: (item) => item.length,
    maxItems: overrides.maxItems ?? 100,
    maxWeight: overrides.maxWeight ?? 100,
  });
  return { commit, groups };
}

describe('group commit', () => {
  it('stores calls of the same moment together, and tells each of its own', async () => {
    const { commit, groups } = committing();
    const results = await Promise.all([commit.add(['a', 'b']), commit.add(['c']), commit.add([])]);
    expect(results).toEqual([['A', 'B'], ['C'], []]);
    expect(groups).toEqual([['a', 'b', 'c']]);
  });

  it('stores together what comes while a group is being stored', async () => {
    const { commit, groups } = committing();
    const first = commit.add(['a']);
    await new Promise((resolve) => setImmediate(resolve));
    const others = [commit.add(['b']), commit.add(['c'])];
    await Promise.all([first, ...others]);
    expect(groups).toEqual([['a'], ['b', 'c']]);
  });

  it('makes no group larger than allowed, but takes any one call', async () => {
    const { commit, groups } = committing({ maxItems: 2, maxWeight: 5 });
    await Promise.all(
      [['a'], ['b'], ['c'], ['dddd'], ['eeee', 'ff', 'g'], ['h']].map((call) => commit.add(call)),
    );
    expect(groups).toEqual([['a', 'b'], ['c', 'dddd'], ['eeee', 'ff', 'g'], ['h']]);
  });

  it('lets only the call fail that is to blame', async () => {
    const { commit } = committing({
      fail: (items) => {
        if (items.includes('bad')) throw new Error('bad');
      },
    });
    const settled = await Promise.allSettled([commit.add(['a']), commit.add(['bad']), commit.add(['c'])]);
    expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('tries nobody again when the failure is everybody’s', async () => {
    const { commit, groups } = committing({
      fail: () => {
        throw new EverybodysError('gone');
      },
    });
    const settled = await Promise.allSettled([commit.add(['a']), commit.add(['b'])]);
    expect(settled.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    expect(groups).toHaveLength(1);
    await expect(commit.add(['c'])).rejects.toThrow('gone');
  });
});
