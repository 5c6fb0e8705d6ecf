import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRequest, aView } from '../../test/builders.ts';
import { seededRandom } from '../domain/index.ts';
import type { Filter } from './plugins.ts';
import { Sieve } from './sieve.ts';

const CONTEXT = { nowMs: 0, random: seededRandom(1), inputs: {} };

/** Drops those whose slot is listed, and writes down which slots it was shown. */
function dropping(slots: readonly number[], seen: number[][] = []): Filter {
  return {
    name: `drops ${slots}`,
    apply(_request, views, dropped, mark) {
      seen.push(views.flatMap((view, i) => (dropped[i] === 0 ? [view.slot] : [])));
      views.forEach((view, i) => {
        if (dropped[i] === 0 && slots.includes(view.slot)) dropped[i] = mark;
      });
    },
  };
}

const viewsOf = (count: number) => Array.from({ length: count }, (_, slot) => aView(`i${slot}`, { slot }));

describe('a sieve', () => {
  it('shows each filter what those before it left', () => {
    const seen: number[][] = [];
    const sieve = new Sieve([[1, 3], [], [0]].map((slots) => dropping(slots, seen)));
    sieve.apply(aRequest(), viewsOf(5), CONTEXT);
    expect(seen).toEqual([
      [0, 1, 2, 3, 4],
      [0, 2, 4],
      [0, 2, 4],
    ]);
    expect(sieve.kept.map(({ slot }) => slot)).toEqual([2, 4]);
  });

  it('says of each view which filter dropped it first, and how many each dropped', () => {
    const sieve = new Sieve([dropping([1]), dropping([1, 2]), dropping([0])]);
    sieve.apply(aRequest(), viewsOf(4), CONTEXT);
    expect([...sieve.dropped.subarray(0, 4)]).toEqual([3, 1, 2, 0]);
    expect([...sieve.counts]).toEqual([1, 1, 1]);
  });

  it('remembers nothing from one request to the next, whatever filters drop', () => {
    const aDrop = fc.array(fc.nat(39), { maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(aDrop, { maxLength: 4 }),
        fc.array(fc.nat(40), { maxLength: 4 }),
        (drops, sizes) => {
          const sieve = new Sieve(drops.map((slots) => dropping(slots)));
          for (const size of sizes) {
            const views = viewsOf(size);
            sieve.apply(aRequest(), views, CONTEXT);
            const first = views.map(({ slot }) => drops.findIndex((slots) => slots.includes(slot)) + 1);
            expect([...sieve.dropped.subarray(0, size)]).toEqual(first);
            expect(sieve.kept.map(({ slot }) => slot)).toEqual(
              views.map(({ slot }) => slot).filter((slot) => first[slot] === 0),
            );
            expect([...sieve.counts]).toEqual(drops.map((_, f) => first.filter((by) => by === f + 1).length));
          }
        },
      ),
    );
  });
});
