import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Holders } from './holders.ts';

/** Block k of a chain in which every hash is its number. */
const chainOf = (count: number): Uint32Array =>
  Uint32Array.from({ length: 2 * count }, (_, i) => (i >> 1) + 1);
const hold = (holders: Holders, slot: number, blocks: number): void => {
  for (let block = 1; block <= blocks; block++) holders.add(block, block, slot);
};
const depths = (holders: Holders, blocks: number, slots: number): number[] => {
  const written = new Uint32Array(slots);
  holders.walk(chainOf(blocks), written);
  return [...written];
};

describe('holders of blocks', () => {
  it('are found with how far each goes, few or many', () => {
    const holders = new Holders();
    for (let slot = 0; slot < 8; slot++) hold(holders, slot, slot);
    expect(depths(holders, 5, 8)).toEqual([0, 1, 2, 3, 4, 5, 5, 5]);
    expect(depths(holders, 20, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('go no further than the first block that they do not hold', () => {
    const holders = new Holders();
    hold(holders, 0, 3);
    hold(holders, 1, 3);
    holders.remove(2, 2, 0);
    expect(depths(holders, 3, 2)).toEqual([1, 3]);
  });

  it('are forgotten block by block, and a block that nobody holds is gone', () => {
    const holders = new Holders();
    for (let slot = 0; slot < 6; slot++) holders.add(1, 1, slot);
    for (let slot = 0; slot < 5; slot++) holders.remove(1, 1, slot);
    expect(depths(holders, 1, 6)).toEqual([0, 0, 0, 0, 0, 1]);
    holders.remove(1, 1, 5);
    expect(holders.count).toBe(0);
    holders.remove(1, 1, 5);
    expect(depths(holders, 1, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('hold a block once, however often they are said to', () => {
    const holders = new Holders();
    for (let i = 0; i < 3; i++) for (let slot = 0; slot < 7; slot++) holders.add(1, 1, slot);
    for (let slot = 0; slot < 7; slot++) holders.remove(1, 1, slot);
    expect(holders.count).toBe(0);
  });

  it('may have any slot, also one far beyond the others', () => {
    const holders = new Holders();
    for (const slot of [0, 1, 2, 3, 4, 40_000]) hold(holders, slot, 2);
    holders.remove(2, 2, 4);
    const written = depths(holders, 2, 40_001);
    expect([written[3], written[4], written[5], written[40_000]]).toEqual([2, 1, 0, 2]);
  });

  it('use again the room of those that are gone', () => {
    const holders = new Holders();
    const cycle = (): number => {
      for (let block = 1; block <= 500; block++)
        for (let slot = 0; slot < 6; slot++) holders.add(block, block, slot);
      for (let block = 1; block <= 500; block++)
        for (let slot = 0; slot < 6; slot++) holders.remove(block, block, slot);
      return holders.bytes;
    };
    const first = cycle();
    for (let i = 0; i < 5; i++) expect(cycle()).toBe(first);
  });

  it('are as a set of pairs says, whatever is added and removed', () => {
    const aStep = fc.record({ slot: fc.nat(70), blocks: fc.nat(4), isAdded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 150 }), (steps) => {
        const holders = new Holders();
        const model = new Map<number, number>();
        for (const { slot, blocks, isAdded } of steps) {
          const held = model.get(slot) ?? 0;
          if (isAdded) hold(holders, slot, blocks);
          else for (let block = held; block > blocks; block--) holders.remove(block, block, slot);
          model.set(slot, isAdded ? Math.max(held, blocks) : Math.min(held, blocks));
        }
        const expected = Array.from({ length: 71 }, (_, slot) => model.get(slot) ?? 0);
        expect(depths(holders, 4, 71)).toEqual(expected);
      }),
    );
  });
});
