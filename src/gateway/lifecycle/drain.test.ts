import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Drain } from './drain.ts';

const named = (name: string) => ({ name, placeInDrain: -1 });
type Named = ReturnType<typeof named>;

const namesIn = (drain: Drain<Named>) => Array.from(drain.items, ({ name }) => name);

describe('Drain', () => {
  it('with nothing under way is empty at once', async () => {
    await expect(new Drain().untilEmpty()).resolves.toBeUndefined();
  });

  it('is empty when the last has ended, and not before', async () => {
    const drain = new Drain<Named>();
    const [a, b] = [named('a'), named('b')];
    drain.add(a);
    drain.add(b);
    let isEmpty = false;
    const waiting = drain.untilEmpty().then(() => {
      isEmpty = true;
    });
    drain.remove(a);
    await Promise.resolve();
    expect([isEmpty, drain.size, namesIn(drain)]).toEqual([false, 1, ['b']]);
    drain.remove(b);
    await waiting;
    expect([isEmpty, drain.size]).toEqual([true, 0]);
  });

  it('does not mind being told twice of an end, or of one that it never heard of', () => {
    const drain = new Drain<Named>();
    const [a, b] = [named('a'), named('b')];
    drain.add(a);
    drain.add(b);
    drain.remove(a);
    drain.remove(a);
    drain.remove(named('stranger'));
    expect(namesIn(drain)).toEqual(['b']);
  });

  it('holds what is under way, in whatever order things begin and end', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (toggles) => {
        const drain = new Drain<Named>();
        const items = Array.from({ length: 10 }, (_, index) => named(`item ${index}`));
        const expected = new Set<string>();
        for (const index of toggles) {
          const item = items[index]!;
          if (expected.delete(item.name)) drain.remove(item);
          else {
            expected.add(item.name);
            drain.add(item);
          }
          expect(namesIn(drain).sort()).toEqual([...expected].sort());
          expect(drain.size).toBe(expected.size);
        }
      }),
    );
  });
});
