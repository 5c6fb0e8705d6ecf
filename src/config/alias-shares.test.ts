import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followAliases } from './alias-shares.ts';

/** `a: 'b c'` stands for b and c alike, `b*3` with three times the weight. */
const follow = (aliases: Record<string, string>) =>
  followAliases(
    new Map(
      Object.entries(aliases).map(([alias, targets]) => [
        alias,
        targets.split(' ').map((target) => {
          const [model = '', weight = '1'] = target.split('*');
          return { model, weight: Number(weight) };
        }),
      ]),
    ),
  );

const sharesOf = (aliases: Record<string, string>, alias: string) =>
  Object.fromEntries((follow(aliases).shares.get(alias) ?? []).map(({ model, weight }) => [model, weight]));

describe('followAliases', () => {
  it.each([
    ['one model', { a: 'm' }, { m: 1 }],
    ['two models', { a: 'm*3 n' }, { m: 0.75, n: 0.25 }],
    ['a chain', { c: 'm', a: 'b', b: 'c' }, { m: 1 }],
    ['an alias among models', { a: 'b m', b: 'm n*3' }, { m: 0.625, n: 0.375 }],
    ['the same model twice', { a: 'm m' }, { m: 1 }],
    ['the same alias twice', { a: 'b b m*2', b: 'n' }, { n: 0.5, m: 0.5 }],
  ])('%s', (_what, aliases: Record<string, string>, shares) => {
    expect(sharesOf(aliases, 'a')).toEqual(shares);
    expect(follow(aliases).circles).toEqual([]);
  });

  it.each([
    ['itself', { a: 'a' }, [['a']]],
    ['two', { a: 'b', b: 'a' }, [['a', 'b']]],
    ['three, of which one also ends well', { a: 'm b', b: 'c', c: 'a' }, [['a', 'b', 'c']]],
    ['what leads into a circle is not on it', { z: 'a', a: 'b', b: 'a' }, [['a', 'b']]],
    ['two circles', { a: 'a', b: 'c', c: 'b' }, [['a'], ['b', 'c']]],
  ])('a circle of %s', (_what, aliases: Record<string, string>, circles) => {
    expect(follow(aliases).circles).toEqual(circles);
  });

  it('knows nothing of what leads into a circle', () => {
    expect([...follow({ z: 'a', a: 'b', b: 'a', ok: 'm' }).shares.keys()]).toEqual(['ok']);
  });

  it('follows a chain of fifty thousand', () => {
    const chain = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`a${i}`, `a${i + 1}`]));
    expect(sharesOf(chain, 'a0')).toEqual({ a50000: 1 });
  });

  it('goes each way once, however many ways there are', () => {
    const diamonds = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`a${i}`, `a${i + 1} a${i + 1}*2 m`]),
    );
    const shares = sharesOf(diamonds, 'a0');
    expect(Object.keys(shares)).toEqual(['a60', 'm']);
    expect((shares.m ?? 0) + (shares.a60 ?? 0)).toBeCloseTo(1);
  });

  it('finds a circle exactly when some alias cannot be followed to its end', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'm');
    const targets = fc.array(name, { minLength: 1, maxLength: 3 }).map((some) => some.join(' '));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), targets), (aliases) => {
        const { shares, circles } = follow(aliases);
        expect(shares.size < Object.keys(aliases).length).toBe(circles.length > 0);
        for (const circle of circles) {
          for (const [index, alias] of circle.entries()) {
            expect(aliases[alias]?.split(' ')).toContain(circle[(index + 1) % circle.length]);
          }
        }
      }),
    );
  });
});
