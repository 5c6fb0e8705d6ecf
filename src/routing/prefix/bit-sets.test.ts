import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSets, lowestBit } from './bit-sets.ts';

describe('bit sets', () => {
  it('hold their own members only', () => {
    const sets = new BitSets();
    const [a, b] = [sets.take(), sets.take()];
    sets.add(a, 3);
    sets.add(b, 31);
    expect([sets.members(a), sets.members(b)]).toEqual([[3], [31]]);
    expect([sets.has(a, 3), sets.has(b, 3), sets.has(a, 900)]).toEqual([true, false, false]);
  });

  it('keep their members when one gets a member beyond what they had room for', () => {
    const sets = new BitSets();
    const [a, b] = [sets.take(), sets.take()];
    sets.add(a, 0);
    sets.add(b, 17);
    sets.add(a, 1_000);
    expect([sets.members(a), sets.members(b)]).toEqual([[0, 1_000], [17]]);
  });

  it('are empty when taken again', () => {
    const sets = new BitSets();
    const set = sets.take();
    sets.add(set, 5);
    sets.giveBack(set);
    expect(sets.members(sets.take())).toEqual([]);
  });

  it('write down who leaves an intersection', () => {
    const sets = new BitSets();
    const [all, some] = [sets.take(), sets.take()];
    for (const member of [1, 31, 32, 63]) sets.add(all, member);
    for (const member of [31, 63, 40]) sets.add(some, member);
    const alive = sets.copy(all, new Uint32Array(1));
    const depths = new Uint32Array(64);
    sets.keep(alive, some, 7, depths);
    expect([...depths].flatMap((depth, member) => (depth === 7 ? [member] : []))).toEqual([1, 32]);
    expect([...alive]).toEqual([2 ** 31, 2 ** 31]);
  });

  it('are sets, whatever is added and deleted', () => {
    const aStep = fc.record({ set: fc.nat(3), member: fc.nat(100), isAdded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(aStep), (steps) => {
        const sets = new BitSets();
        const numbers = [sets.take(), sets.take(), sets.take(), sets.take()];
        const model = numbers.map(() => new Set<number>());
        for (const { set, member, isAdded } of steps) {
          if (isAdded) sets.add(numbers[set]!, member);
          else sets.delete(numbers[set]!, member);
          if (isAdded) model[set]!.add(member);
          else model[set]!.delete(member);
        }
        numbers.forEach((number, i) => {
          expect(sets.members(number)).toEqual([...model[i]!].sort((a, b) => a - b));
          expect(sets.size(number)).toBe(model[i]!.size);
        });
      }),
    );
  });

  it.each([
    [1, 0],
    [12, 2],
    [0x8000_0000, 31],
  ])('the lowest bit of %i is %i', (word, bit) => {
    expect(lowestBit(word)).toBe(bit);
  });
});
