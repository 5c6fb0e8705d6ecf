import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockTable, NO_PLACE, OWN_WORDS, RECORD_WORDS } from './block-table.ts';

describe('a block table', () => {
  it('finds what was put in, by both halves', () => {
    const table = new BlockTable();
    const place = table.add(0xffff_ffff, 7);
    expect(table.find(0xffff_ffff, 7)).toBe(place);
    expect(table.find(0xffff_ffff, 8)).toBe(NO_PLACE);
    expect([table.low(place), table.high(place), table.count]).toEqual([0xffff_ffff, 7, 1]);
  });

  it("keeps a record's own words while it grows", () => {
    const table = new BlockTable();
    for (let i = 0; i < 1_000; i++) {
      const place = table.add(i, i);
      table.words[RECORD_WORDS * place + OWN_WORDS] = 3 * i;
    }
    for (let i = 0; i < 1_000; i++) {
      expect(table.words[RECORD_WORDS * table.find(i, i) + OWN_WORDS]).toBe(3 * i);
    }
  });

  it('finds a block beside another one, or wherever it is', () => {
    const table = new BlockTable();
    const places = [1, 2, 3, 4].map((hash) => table.add(hash, hash));
    expect(table.findNear(2, 2, places[2]!)).toBe(places[1]);
    expect(table.findNear(4, 4, places[2]!)).toBe(places[3]);
    expect(table.findNear(1, 1, places[3]!)).toBe(places[0]);
    expect(table.findNear(3, 3, NO_PLACE)).toBe(places[2]);
    table.remove(places[1]!);
    expect(table.findNear(2, 2, places[0]!)).toBe(NO_PLACE);
  });

  it('uses the place of what was taken out again', () => {
    const table = new BlockTable();
    const place = table.add(1, 1);
    table.remove(place);
    expect(table.add(2, 2)).toBe(place);
  });

  it('is a map, whatever is put in and taken out, however many share a bucket', () => {
    const aStep = fc.record({ low: fc.constantFrom(0, 1, 64, 128, 2 ** 31), high: fc.nat(15) });
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 200 }), (steps) => {
        const table = new BlockTable();
        const model = new Set<string>();
        for (const { low, high } of steps) {
          const place = table.find(low, high);
          expect(place !== NO_PLACE).toBe(model.has(`${low}/${high}`));
          if (place === NO_PLACE) table.add(low, high);
          else table.remove(place);
          if (!model.delete(`${low}/${high}`)) model.add(`${low}/${high}`);
          expect(table.count).toBe(model.size);
        }
      }),
    );
  });
});
