import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FIGURES, numbersAmong, plainFigures, policyFigures } from './policy-figures.ts';

const shownOf = (stats: unknown) => plainFigures(stats).figures;

describe('what a policy tells of itself', () => {
  it('is copied, so that nobody can change it', () => {
    const stats = { counts: { HIGH: 1 } };
    const shown = shownOf(stats);
    expect(shown).toEqual(stats);
    expect(shown.counts).not.toBe(stats.counts);
  });

  it.each([
    ['a map', new Map([['a', 1]]), { a: 1 }],
    ['a set', new Set([1, 'b']), [1, 'b']],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a date that is none', new Date(Number.NaN), null],
    ['a big integer', 2n ** 64n, '18446744073709551616'],
    ['an infinite number', Number.POSITIVE_INFINITY, null],
    ['a list with holes', [1, undefined, () => 1], [1, null, null]],
  ])('may hold %s', (_, value, shown) => {
    expect(plainFigures({ value })).toEqual({ figures: { value: shown }, isTruncated: false });
  });

  it.each([undefined, null, 7, 'text', [1, 2], () => 1])('is nothing when it is %s', (stats) => {
    expect(plainFigures(stats)).toEqual({ figures: {}, isTruncated: false });
  });

  it('leaves out functions, symbols and what is undefined', () => {
    expect(shownOf({ a: () => 1, b: Symbol('b'), c: undefined, d: 0 })).toEqual({ d: 0 });
  });

  it('may come back to itself, and says so', () => {
    const stats: Record<string, unknown> = { own: 1 };
    stats.self = { again: stats };
    expect(shownOf(stats)).toEqual({ own: 1, self: { again: '(itself)' } });
  });

  it('may name the same thing twice', () => {
    const shared = { a: 1 };
    expect(shownOf({ x: shared, y: shared })).toEqual({ x: shared, y: shared });
  });

  it('is cut where it is huge, deep or long, and says that there is more', () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
    expect(Object.keys(shownOf(wide))).toHaveLength(MAX_FIGURES);
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = { deep };
    for (const stats of [wide, { list: Array(100_000).fill(0) }, { deep }, { text: 'x'.repeat(1e6) }]) {
      const { figures, isTruncated } = plainFigures(stats);
      expect(isTruncated).toBe(true);
      expect(JSON.stringify(figures).length).toBeLessThan(10_000);
    }
  });

  it('takes nobody’s prototype along', () => {
    const shown = shownOf(JSON.parse('{"__proto__": {"isAdmin": true}}'));
    expect(Object.keys(shown)).toEqual(['__proto__']);
    expect((shown as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('can be written as JSON whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true }),
        (stats) => {
          const { figures } = plainFigures({ stats });
          expect(JSON.parse(JSON.stringify(figures))).toEqual(normal(figures));
        },
      ),
    );
  });
});

/** JSON has no negative zero. */
const normal = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each) => (Object.is(each, -0) ? 0 : each));

describe('a policy', () => {
  it('has no figures but a failure where its getStats throws', () => {
    const policy = (cause: unknown) => ({
      name: 'mine',
      getStats() {
        throw cause;
      },
    });
    const nothing = { name: 'mine', figures: {}, isTruncated: false };
    expect(policyFigures(policy(new Error('oops')))).toEqual({ ...nothing, failure: 'oops' });
    const failure = 'something that cannot be shown';
    expect(policyFigures(policy(Object.create(null)))).toEqual({ ...nothing, failure });
  });

  it('has none where a figure throws when it is read', () => {
    const stats = {
      get mean(): number {
        throw new RangeError('of nothing');
      },
    };
    expect(policyFigures({ name: 'mine', getStats: () => stats })).toMatchObject({ failure: 'of nothing' });
  });

  it('need not have any', () => {
    expect(policyFigures({ name: 'fifo' })).toEqual({ name: 'fifo', figures: {}, isTruncated: false });
  });
});

describe('the numbers among figures', () => {
  it('go by their paths; lists and texts have none', () => {
    const figures = { a: 1, b: { c: 2, d: { e: true, f: 'text' } }, g: [3], h: null };
    expect([...numbersAmong(figures)]).toEqual([
      ['a', 1],
      ['b.c', 2],
      ['b.d.e', 1],
    ]);
  });
});
