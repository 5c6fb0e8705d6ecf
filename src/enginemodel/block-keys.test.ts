import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockKeysOfCoarseIds, blockKeysOfText, blockKeysOfTokens } from './block-keys.ts';

const text = (length: number) => fc.string({ minLength: length, maxLength: length, unit: 'binary-ascii' });

describe('keys of a text', () => {
  it.each([
    [0, 0],
    [63, 0],
    [64, 1],
    [200, 3],
  ])('of %d characters cover its %d full blocks', (length, blocks) => {
    expect(blockKeysOfText('x'.repeat(length), 64)).toHaveLength(blocks);
  });

  it('do not change when the text goes on', () => {
    fc.assert(
      fc.property(text(200), text(100), (prompt, answer) => {
        const before = [...blockKeysOfText(prompt, 16)];
        expect([...blockKeysOfText(prompt + answer, 16)].slice(0, before.length)).toEqual(before);
      }),
    );
  });

  it('differ from the first differing block on, even where later blocks are alike', () => {
    fc.assert(
      fc.property(text(96), fc.nat(95), (prompt, at) => {
        const changed = prompt.slice(0, at) + (prompt[at] === '~' ? '!' : '~') + prompt.slice(at + 1);
        const [keys, others] = [blockKeysOfText(prompt, 16), blockKeysOfText(changed, 16)];
        keys.forEach((key, block) => {
          expect(key === others[block]).toBe(block < Math.floor(at / 16));
        });
      }),
    );
  });

  it('are safe integers, all different over a hundred thousand blocks', () => {
    const keys = blockKeysOfText('ab'.repeat(800_000), 16);
    expect(new Set(keys).size).toBe(100_000);
    expect(keys.every((key) => Number.isSafeInteger(key) && key >= 0)).toBe(true);
  });

  it('tell texts apart that differ in one character only', () => {
    const keys = new Set<number>();
    for (let i = 0; i < 50_000; i++)
      keys.add(blockKeysOfText(`request number ${String(i).padStart(6, '0')}`, 21)[0]!);
    expect(keys.size).toBe(50_000);
  });
});

describe('keys of tokens', () => {
  it('cover full blocks and are the same for the same beginning', () => {
    const first = blockKeysOfTokens([1, 2, 3, 4, 5, 6, 7], 3);
    const second = blockKeysOfTokens([1, 2, 3, 4, 5, 9], 3);
    expect(first).toHaveLength(2);
    expect(second[0]).toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
  });
});

describe('keys of coarse ids', () => {
  it('cut each coarse block into ours', () => {
    expect(blockKeysOfCoarseIds([7, 8], 512, 16, 1024)).toHaveLength(64);
  });

  it('stop at the end of the prompt, which fills its last coarse block only in part', () => {
    expect(blockKeysOfCoarseIds([7, 8], 512, 16, 600)).toHaveLength(37);
  });

  it('are shared exactly as far as the ids are', () => {
    const first = blockKeysOfCoarseIds([7, 8, 9], 64, 16, 192);
    const second = blockKeysOfCoarseIds([7, 8, 5], 64, 16, 192);
    expect([...first].findIndex((key, block) => key !== second[block])).toBe(8);
  });

  it('differ within a coarse block', () => {
    expect(new Set(blockKeysOfCoarseIds([7], 512, 16, 512)).size).toBe(32);
  });
});
