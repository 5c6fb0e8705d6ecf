import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { backoffMs } from './backoff.ts';
import { placesToTry } from './failed-places.ts';
import { gather } from './gather.ts';

describe('backing off', () => {
  const random = seededRandom(3);
  const settings = { baseMs: 100, maxMs: 1_000 };

  it.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1_000],
    [500, 1_000],
  ])('waits after %d failures between a half and the whole of %d ms', (failures, fullMs) => {
    const waits = Array.from({ length: 200 }, () => backoffMs(failures, settings, random));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(fullMs / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(fullMs);
    expect(new Set(waits).size).toBeGreaterThan(20);
  });
});

describe('gathering', () => {
  it('lets what comes while a call is on its way go together in the next', async () => {
    const calls: (readonly number[])[] = [];
    const answers: (() => void)[] = [];
    const double = gather<number, number>(async (items) => {
      calls.push(items);
      await new Promise<void>((resolve) => answers.push(resolve));
      return items.map((item) => 2 * item);
    }, 3);
    const first = double(1);
    await Promise.resolve();
    await Promise.resolve();
    const rest = [2, 3, 4, 5].map(double);
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      answers.shift()?.();
    }
    expect(await Promise.all([first, ...rest])).toEqual([2, 4, 6, 8, 10]);
    expect(calls).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('tells a failure to those it concerns alone', async () => {
    const call = gather<string, string>(async (items) => {
      if (items.includes('bad')) throw new Error('no');
      return items;
    }, 1);
    const outcomes = await Promise.allSettled([call('good'), call('bad'), call('fine')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await call('later')).toBe('later');
  });
});

describe('places that failed a task', () => {
  const places = [{ uuid: 'a' }, { uuid: 'b' }, { uuid: 'c' }];

  it('are left out while there are others, and the last one of them for as long as there is any other', () => {
    expect(placesToTry([], places)).toEqual(places);
    expect(placesToTry(['a'], places)).toEqual([{ uuid: 'b' }, { uuid: 'c' }]);
    expect(placesToTry(['a', 'b', 'c'], places)).toEqual([{ uuid: 'a' }, { uuid: 'b' }]);
    expect(placesToTry(['a', 'b', 'c'], [{ uuid: 'c' }])).toEqual([{ uuid: 'c' }]);
  });
});
