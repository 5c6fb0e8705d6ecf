import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PREFIX_BLOCK_BYTES,
  prefixBlocksOfBytes,
  prefixBlocksOfIds,
  prefixBlocksOfSpans,
  promptPrefixOf,
} from './block-hash.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const whole = (bytes: Uint8Array, options = {}): Uint32Array =>
  prefixBlocksOfBytes(bytes, 0, bytes.length, options);
/** Leading blocks that two chains share. */
function shared(a: Uint32Array, b: Uint32Array): number {
  let count = 0;
  while (2 * count < Math.min(a.length, b.length) && a[2 * count] === b[2 * count]) {
    if (a[2 * count + 1] !== b[2 * count + 1]) break;
    count++;
  }
  return count;
}

describe("a prompt's blocks", () => {
  it('are two halves of a hash each, one for each whole block', () => {
    expect(whole(new Uint8Array(3 * PREFIX_BLOCK_BYTES + 17))).toHaveLength(2 * 3);
    expect(whole(new Uint8Array(PREFIX_BLOCK_BYTES - 1))).toHaveLength(0);
  });

  it('are the same wherever the prompt lies in the body', () => {
    const body = bytesOf('{"messages": [aaaabbbbccccdddd]}');
    expect(prefixBlocksOfBytes(body, 14, 30, { blockBytes: 4 })).toEqual(
      whole(bytesOf('aaaabbbbccccdddd'), { blockBytes: 4 }),
    );
  });

  it('tell what came before a block: the same bytes elsewhere hash otherwise', () => {
    const chain = whole(bytesOf('aaaaaaaaaaaa'), { blockBytes: 4 });
    expect(new Set([chain[0], chain[2], chain[4]]).size).toBe(3);
  });

  it('depend on the salt', () => {
    const bytes = bytesOf('the same prompt!');
    const [none, one, other] = ['', 'llama', 'llama:lora'].map((salt) =>
      whole(bytes, { blockBytes: 8, salt }),
    );
    expect(shared(none!, one!)).toBe(0);
    expect(shared(one!, other!)).toBe(0);
  });

  it('are extended by the next turn of a conversation', () => {
    const turn = '[{"role":"user","content":"What is a signal box, and who works there all day?"}';
    const next = `${turn},{"role":"assistant","content":"A house."},{"role":"user","content":"Thanks"}`;
    const chain = whole(bytesOf(turn), { blockBytes: 16 });
    expect(shared(chain, whole(bytesOf(next), { blockBytes: 16 }))).toBe(chain.length / 2);
  });

  it('of several spans: all but the last are complete, so their rest is a block too', () => {
    const bytes = bytesOf('toolstools+messagesmess');
    const spans = [
      { from: 0, to: 10 },
      { from: 11, to: 23 },
    ];
    const chain = prefixBlocksOfSpans(bytes, spans, { blockBytes: 8 });
    expect(chain).toHaveLength(2 * 3);
    const longer = bytesOf('toolstools+messagesmess,and more');
    const more = prefixBlocksOfSpans(longer, [spans[0]!, { from: 11, to: 32 }], { blockBytes: 8 });
    expect(shared(chain, more)).toBe(3);
    expect(more).toHaveLength(2 * 4);
  });

  it('stop at the most that count', () => {
    expect(whole(new Uint8Array(100), { blockBytes: 4, maxBlocks: 7 })).toHaveLength(14);
    expect(
      prefixBlocksOfSpans(
        new Uint8Array(40),
        [
          { from: 0, to: 18 },
          { from: 20, to: 40 },
        ],
        {
          blockBytes: 4,
          maxBlocks: 5,
        },
      ),
    ).toHaveLength(10);
  });

  it('are the same exactly as far as the prompts are', () => {
    const texts = fc.uint8Array({ minLength: 0, maxLength: 80 });
    fc.assert(
      fc.property(texts, texts, texts, (start, a, b) => {
        const [one, two] = [a, b].map((rest) => Uint8Array.from([...start, ...rest]));
        let same = 0;
        while (same < Math.min(one!.length, two!.length) && one![same] === two![same]) same++;
        const [first, second] = [one!, two!].map((bytes) => whole(bytes, { blockBytes: 8 }));
        expect(shared(first!, second!)).toBe(Math.floor(same / 8));
      }),
    );
  });

  it('differ in about half of their bits when a bit of the prompt does', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255);
    const before = whole(bytes, { blockBytes: 64 });
    let flipped = 0;
    for (let bit = 0; bit < 512; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const after = whole(changed, { blockBytes: 64 });
      for (const half of [0, 1]) {
        for (let diff = before[half]! ^ after[half]!; diff !== 0; diff &= diff - 1) flipped++;
      }
    }
    expect(flipped / 512).toBeGreaterThan(30);
    expect(flipped / 512).toBeLessThan(34);
  });

  it('do not collide in half a million blocks, in either half more often than chance has it', () => {
    const bytes = new Uint8Array(4);
    const seen = new Set<number>();
    const lows = new Set<number>();
    const highs = new Set<number>();
    const count = 500_000;
    for (let i = 0; i < count; i++) {
      new DataView(bytes.buffer).setUint32(0, i);
      const [low, high] = whole(bytes, { blockBytes: 4 });
      lows.add(low!);
      highs.add(high!);
      seen.add(low! * 2 ** 21 + (high! >>> 11));
    }
    expect(seen.size).toBe(count);
    // Of n values drawn from 2^32, n²/2^33 are expected to meet another: 29.
    expect(count - lows.size).toBeLessThan(80);
    expect(count - highs.size).toBeLessThan(80);
  });
});

describe("blocks of a trace's ids", () => {
  it('are the same as far as the ids are', () => {
    const [a, b] = [
      [1, 2, 3, 4],
      [1, 2, 9, 4],
    ].map((ids) => prefixBlocksOfIds(ids));
    expect(shared(a!, b!)).toBe(2);
    expect(a).toHaveLength(8);
  });

  it('tell large ids apart', () => {
    expect(shared(prefixBlocksOfIds([7]), prefixBlocksOfIds([7 + 2 ** 32]))).toBe(0);
  });
});

describe("a prompt's prefix", () => {
  it('says how many tokens are in a block, from the tokens and bytes of the prompt', () => {
    const bytes = new Uint8Array(4_096);
    const spans = [
      { from: 0, to: 1_024 },
      { from: 2_048, to: 4_096 },
    ];
    const { prefixBlocks, prefixBlockTokens } = promptPrefixOf(bytes, spans, 768);
    expect(prefixBlocks).toHaveLength(2 * 6);
    expect(prefixBlockTokens).toBe(128);
  });

  it('of no bytes is empty', () => {
    const { prefixBlocks, prefixBlockTokens } = promptPrefixOf(new Uint8Array(9), [], 5);
    expect([prefixBlocks.length, prefixBlockTokens]).toEqual([0, 0]);
  });
});
