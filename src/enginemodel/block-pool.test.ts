import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockPool } from './block-pool.ts';

/** Computes a sequence of blocks with these keys, shares them, and gives them up again. */
function leaveBehind(pool: BlockPool, keys: readonly number[]): void {
  const blocks: number[] = [];
  pool.allocate(keys.length, blocks);
  blocks.forEach((block, i) => {
    pool.share(block, keys[i]!);
  });
  pool.release(blocks);
}

const hits = (pool: BlockPool, keys: readonly number[]) => pool.lookup(keys, keys.length).blocks;

describe('a pool of KV blocks', () => {
  it('counts what is free and what is used', () => {
    const pool = new BlockPool(10);
    const blocks: number[] = [];
    pool.allocate(4, blocks);
    expect([pool.freeBlocks, pool.usedBlocks]).toEqual([6, 4]);
    pool.release(blocks);
    expect([pool.freeBlocks, pool.usedBlocks]).toEqual([10, 0]);
  });

  it('hands out each block once', () => {
    const blocks: number[] = [];
    new BlockPool(100).allocate(100, blocks);
    expect(new Set(blocks).size).toBe(100);
  });

  it('finds the leading blocks up to the first that is missing', () => {
    const pool = new BlockPool(10);
    leaveBehind(pool, [1, 2, 3]);
    expect(pool.lookup([1, 2, 9, 3], 4)).toEqual({ blocks: 2, freeBlocks: 2 });
    expect(pool.lookup([1, 2, 3], 2).blocks).toBe(2);
    expect(hits(pool, [9, 1])).toBe(0);
  });

  it('lets several sequences hold one block, free only when all gave it up', () => {
    const pool = new BlockPool(10);
    leaveBehind(pool, [1, 2]);
    const [first, second]: [number[], number[]] = [[], []];
    pool.acquire([1, 2], 2, first);
    expect(pool.lookup([1, 2], 2).freeBlocks).toBe(0);
    pool.acquire([1, 2], 2, second);
    expect(second).toEqual(first);
    expect(pool.usedBlocks).toBe(2);
    pool.release(first);
    expect(pool.usedBlocks).toBe(2);
    pool.release(second);
    expect(pool.usedBlocks).toBe(0);
  });

  it('uses untouched blocks before it evicts anything', () => {
    const pool = new BlockPool(6);
    leaveBehind(pool, [1, 2]);
    pool.allocate(4, []);
    expect(hits(pool, [1, 2])).toBe(2);
  });

  it('evicts the least recently used sequence first, its tail before its head', () => {
    const pool = new BlockPool(6);
    leaveBehind(pool, [1, 2, 3]);
    leaveBehind(pool, [11, 12, 13]);
    const remaining = () => [hits(pool, [1, 2, 3]), hits(pool, [11, 12, 13])];
    const seen = [remaining()];
    for (let i = 0; i < 6; i++) {
      pool.allocate(1, []);
      seen.push(remaining());
    }
    expect(seen).toEqual([
      [3, 3],
      [2, 3],
      [1, 3],
      [0, 3],
      [0, 2],
      [0, 1],
      [0, 0],
    ]);
  });

  it('takes a use as recent, so that what is used again stays longer', () => {
    const pool = new BlockPool(4);
    leaveBehind(pool, [1, 2]);
    leaveBehind(pool, [11, 12]);
    const again: number[] = [];
    pool.acquire([1, 2], 2, again);
    pool.release(again);
    pool.allocate(2, []);
    expect([hits(pool, [1, 2]), hits(pool, [11, 12])]).toEqual([2, 0]);
  });

  it('never evicts what is in use', () => {
    const pool = new BlockPool(3);
    leaveBehind(pool, [1, 2]);
    pool.acquire([1, 2], 2, []);
    pool.allocate(1, []);
    expect(pool.freeBlocks).toBe(0);
    expect(hits(pool, [1, 2])).toBe(2);
  });

  it('keeps the first of two blocks with the same content', () => {
    const pool = new BlockPool(4);
    const [first, second]: [number[], number[]] = [[], []];
    pool.allocate(1, first);
    pool.allocate(1, second);
    pool.share(first[0]!, 1);
    pool.share(second[0]!, 1);
    const found: number[] = [];
    pool.acquire([1], 1, found);
    expect(found).toEqual(first);
  });

  it.each([
    ['more blocks than there are', () => new BlockPool(2).allocate(3, [])],
    ['a prefix that is not cached', () => new BlockPool(2).acquire([1], 1, [])],
    [
      'giving a block up twice',
      () => {
        const pool = new BlockPool(2);
        const blocks: number[] = [];
        pool.allocate(1, blocks);
        pool.release(blocks);
        pool.release(blocks);
      },
    ],
    ['a pool without blocks', () => new BlockPool(0)],
    ['a fraction of a block', () => new BlockPool(1.5)],
  ])('refuses %s', (_, action) => {
    expect(action).toThrow();
  });
});

describe('a pool of KV blocks against a list kept by hand', () => {
  /** The specification in the simplest form: free contents in an array, least recently used first. */
  class NaivePool {
    readonly used = new Map<number, number>();
    free: (number | undefined)[];
    constructor(total: number) {
      this.free = new Array<undefined>(total).fill(undefined);
    }
    has(key: number): boolean {
      return this.used.has(key) || this.free.includes(key);
    }
    prefix(keys: readonly number[]): number {
      const missing = keys.findIndex((key) => !this.has(key));
      return missing < 0 ? keys.length : missing;
    }
    take(key: number): void {
      const users = this.used.get(key);
      if (users === undefined) this.free.splice(this.free.indexOf(key), 1);
      this.used.set(key, (users ?? 0) + 1);
    }
    add(key: number): void {
      this.free.shift();
      this.used.set(key, 1);
    }
    give(keys: readonly number[]): void {
      for (const key of [...keys].reverse()) {
        const users = this.used.get(key)! - 1;
        if (users > 0) this.used.set(key, users);
        else {
          this.used.delete(key);
          this.free.push(key);
        }
      }
    }
  }

  it('finds, evicts and counts the same through any history', () => {
    const aPath = fc.record({ branch: fc.nat(3), length: fc.integer({ min: 1, max: 6 }), holds: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(aPath, { maxLength: 40 }), (paths) => {
        const pool = new BlockPool(16);
        const naive = new NaivePool(16);
        const held: { keys: number[]; blocks: number[] }[] = [];
        for (const { branch, length, holds } of paths) {
          // Branches share their first two blocks.
          const keys = Array.from({ length }, (_, i) => (i < 2 ? i : 100 * (branch + 1) + i));
          const found = hits(pool, keys);
          expect(found).toBe(naive.prefix(keys));
          const { freeBlocks } = pool.lookup(keys, keys.length);
          if (length - found + freeBlocks <= pool.freeBlocks) {
            const blocks: number[] = [];
            pool.acquire(keys, found, blocks);
            for (const key of keys.slice(0, found)) naive.take(key);
            pool.allocate(length - found, blocks);
            keys.slice(found).forEach((key, i) => {
              // A block's predecessor is always used as recently as the block itself: nothing is cached behind a gap.
              expect(naive.has(key)).toBe(false);
              pool.share(blocks[found + i]!, key);
              naive.add(key);
            });
            held.push({ keys, blocks });
          }
          while (held.length > holds) {
            const oldest = held.shift()!;
            pool.release(oldest.blocks);
            naive.give(oldest.keys);
          }
          expect(pool.freeBlocks).toBe(naive.free.length);
        }
      }),
    );
  });
});
