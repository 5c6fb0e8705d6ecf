import { describe, expect, it } from 'vitest';
import { Drain } from './drain.ts';

describe('Drain', () => {
  it('with nothing under way is empty at once', async () => {
    await expect(new Drain().untilEmpty()).resolves.toBeUndefined();
  });

  it('is empty when the last has ended, and not before', async () => {
    const drain = new Drain<string>();
    drain.add('a');
    drain.add('b');
    let isEmpty = false;
    const waiting = drain.untilEmpty().then(() => {
      isEmpty = true;
    });
    drain.remove('a');
    await Promise.resolve();
    expect([isEmpty, drain.size, [...drain.items]]).toEqual([false, 1, ['b']]);
    drain.remove('b');
    await waiting;
    expect([isEmpty, drain.size]).toEqual([true, 0]);
  });
});
