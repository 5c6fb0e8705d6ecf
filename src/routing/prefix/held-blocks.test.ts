import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldBlocks } from './held-blocks.ts';

/** Lets go until it fits, and says which blocks went, in that order. */
function gone(held: HeldBlocks, maxBlocks: number, maxTokens = Number.POSITIVE_INFINITY): number[] {
  const evicted: number[] = [];
  held.shrinkTo(maxBlocks, maxTokens, (low) => evicted.push(low));
  return evicted;
}

describe('the blocks of an instance', () => {
  it('go in the order in which they were touched', () => {
    const held = new HeldBlocks();
    for (const block of [1, 2, 3, 4, 2, 1]) held.touch(block, 0, 10);
    expect(gone(held, 1)).toEqual([3, 4, 2]);
    expect(gone(held, 0)).toEqual([1]);
    expect([held.count, held.tokens]).toEqual([0, 0]);
  });

  it('say whether a block is new', () => {
    const held = new HeldBlocks();
    expect([held.touch(1, 1, 5), held.touch(1, 1, 5), held.touch(1, 2, 5), held.touch(1, 1, 5)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(held.tokens).toBe(10);
  });

  it('go while their tokens are too many, each for its own', () => {
    const held = new HeldBlocks();
    for (const [block, tokens] of [
      [1, 100],
      [2, 1],
      [3, 50],
    ] as const) {
      held.touch(block, 0, tokens);
    }
    expect(gone(held, 9, 51)).toEqual([1]);
    expect(gone(held, 9, 50)).toEqual([2]);
    expect(held.tokens).toBe(50);
  });

  it('stay when they fit', () => {
    const held = new HeldBlocks();
    held.touch(1, 0, 10);
    expect(gone(held, 1, 10)).toEqual([]);
  });

  it('tell how much of a chain is there, which has no gaps', () => {
    for (let length = 0; length <= 9; length++) {
      const chain = Uint32Array.from({ length: 2 * length }, (_, i) => i + 1);
      for (let depth = 0; depth <= length; depth++) {
        const held = new HeldBlocks();
        for (let i = depth - 1; i >= 0; i--) held.touch(chain[2 * i]!, chain[2 * i + 1]!, 1);
        expect(held.depthOf(chain)).toBe(depth);
      }
    }
  });

  it('are a list by last touch, whatever is touched and let go', () => {
    const aStep = fc.oneof(
      { weight: 9, arbitrary: fc.record({ touch: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.record({ keep: fc.nat(30) }) },
    );
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 300 }), (steps) => {
        const held = new HeldBlocks();
        let model: number[] = [];
        for (const step of steps) {
          if ('touch' in step) {
            const isNew = !model.includes(step.touch);
            expect(held.touch(step.touch, 7, step.touch)).toBe(isNew);
            model = [...model.filter((block) => block !== step.touch), step.touch];
          } else {
            const left = step.keep === 0 ? [] : model.slice(-step.keep);
            expect(gone(held, step.keep)).toEqual(model.slice(0, model.length - left.length));
            model = left;
          }
          expect(held.count).toBe(model.length);
          expect(held.tokens).toBe(model.reduce((sum, block) => sum + block, 0));
        }
      }),
    );
  });
});
