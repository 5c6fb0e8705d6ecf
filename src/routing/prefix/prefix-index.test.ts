import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstance, aRequest, aView } from '../../../test/builders.ts';
import { createRequest, type RequestMetadata, seededRandom } from '../../domain/index.ts';
import { prefixBlocksOfIds } from './block-hash.ts';
import { PrefixIndex } from './prefix-index.ts';

/** A prompt of blocks of 10 tokens and a rest of 5. */
const aPrompt = (...ids: number[]): RequestMetadata =>
  aRequest({
    prefixBlocks: prefixBlocksOfIds(ids),
    prefixBlockTokens: 10,
    promptTokens: 10 * ids.length + 5,
  });

const send = (index: PrefixIndex, to: string, ...ids: number[]): void =>
  index.onRequestDispatched(aPrompt(...ids), anInstance(to));

const report = (instanceId: string, kvCacheTokens: number) => ({ instanceId, atMs: 0, kvCacheTokens });

describe('the prefix index', () => {
  it('knows who holds how much of a prompt from the moment of its dispatch', () => {
    const index = new PrefixIndex();
    send(index, 'a', 1, 2, 3);
    send(index, 'b', 1, 2, 7);
    expect(index.cachedTokens(aPrompt(1, 2, 3, 4), 'a')).toBe(30);
    expect(index.cachedTokens(aPrompt(1, 2, 3, 4), 'b')).toBe(20);
    expect(index.cachedTokens(aPrompt(9, 2, 3), 'a')).toBe(0);
    expect(index.cachedTokens(aPrompt(1), 'c')).toBe(0);
  });

  it('knows the most that anybody holds of it', () => {
    const index = new PrefixIndex();
    expect(index.mostCachedTokens(aPrompt(1, 2))).toBe(0);
    send(index, 'a', 1, 2, 3);
    send(index, 'b', 1, 2, 7, 8);
    expect(index.mostCachedTokens(aPrompt(1, 2, 3, 4, 5))).toBe(30);
    expect(index.mostCachedTokens(aPrompt(1, 9))).toBe(10);
    expect(index.mostCachedTokens(aPrompt(9))).toBe(0);
    expect(index.mostCachedTokens(aRequest({ promptTokens: 50 }))).toBe(0);
  });

  it('knows nothing of a prompt without blocks', () => {
    const index = new PrefixIndex();
    index.onRequestDispatched(aRequest(), anInstance('a'));
    send(index, 'a', 1);
    expect(index.cachedTokens(aRequest({ promptTokens: 50 }), 'a')).toBe(0);
    expect(index.heldBlocks).toBe(1);
  });

  it('never says more than the prompt has', () => {
    const index = new PrefixIndex();
    send(index, 'a', 1, 2);
    const shorter = aRequest({
      prefixBlocks: prefixBlocksOfIds([1, 2]),
      prefixBlockTokens: 10,
      promptTokens: 18,
    });
    expect(index.cachedTokens(shorter, 'a')).toBe(18);
  });

  it('tells all instances at once, in the order of the views, whatever that is', () => {
    const index = new PrefixIndex();
    for (let i = 0; i < 100; i++) send(index, `i${i}`, ...Array.from({ length: i % 7 }, (_, k) => k));
    const views = Array.from({ length: 100 }, (_, i) => aView(`i${i}`));
    const tokens = new Float64Array(100);
    for (const kept of [views, views.slice(3, 50), [...views].reverse()]) {
      index.cachedTokensOfAll(aPrompt(0, 1, 2, 3, 9), kept, tokens);
      const expected = kept.map(({ instance }) => 10 * Math.min(4, Number(instance.id.slice(1)) % 7));
      expect([...tokens.subarray(0, kept.length)]).toEqual(expected);
    }
  });

  it('sees a view of an instance that took the slot of another', () => {
    const index = new PrefixIndex();
    send(index, 'a', 1, 2);
    send(index, 'b', 1);
    const tokens = new Float64Array(1);
    for (const [id, expected] of [
      ['a', 20],
      ['b', 10],
      ['never seen', 0],
    ] as const) {
      index.cachedTokensOfAll(aPrompt(1, 2), [aView(id, { slot: 0 })], tokens);
      expect(tokens[0]).toBe(expected);
    }
  });

  it('says how much each instance holds in all', () => {
    const index = new PrefixIndex();
    send(index, 'a', 1, 2);
    send(index, 'a', 1, 3, 4);
    const tokens = new Float64Array(2);
    index.heldTokensOfAll([aView('a'), aView('b')], tokens);
    expect([...tokens]).toEqual([40, 0]);
  });
});

describe('a booking that is put off', () => {
  const tokensOf = (index: PrefixIndex, count: number): number[] => {
    const views = Array.from({ length: count }, (_, i) => aView(`i${i}`));
    const tokens = new Float64Array(count);
    index.cachedTokensOfAll(aPrompt(1, 2, 3), views, tokens);
    return [...tokens];
  };

  it('makes no difference to any answer', () => {
    const aDispatch = fc.record({
      to: fc.nat(7),
      ids: fc.array(fc.nat(2), { maxLength: 6 }),
      isTold: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(aDispatch, { maxLength: 40 }), (dispatches) => {
        const [settled, lazy] = [
          new PrefixIndex({ assumedKvTokens: 60 }),
          new PrefixIndex({ assumedKvTokens: 60 }),
        ];
        for (const { to, ids, isTold } of dispatches) {
          send(settled, `i${to}`, ...ids);
          settled.onSettled();
          send(lazy, `i${to}`, ...ids);
          if (isTold) expect(tokensOf(lazy, 8)).toEqual(tokensOf(settled, 8));
        }
        expect(tokensOf(lazy, 8)).toEqual(tokensOf(settled, 8));
        expect(lazy.heldBlocks).toBe(settled.heldBlocks);
      }),
    );
  });

  it('answers the same about few instances, which it asks singly, as about many', () => {
    const index = new PrefixIndex();
    for (let i = 0; i < 8; i++) send(index, `i${i}`, ...[1, 2, 3, 4].slice(0, i));
    expect(tokensOf(index, 3)).toEqual([0, 10, 20]);
    expect(tokensOf(index, 8)).toEqual([0, 10, 20, 30, 30, 30, 30, 30]);
  });
});

describe("an instance's part of the prefix index", () => {
  it("is as large as the engine's KV cache, least recently used first to go", () => {
    const index = new PrefixIndex();
    index.onInstanceRegistered(anInstance('a'));
    index.onInstanceReported(report('a', 50));
    send(index, 'a', 1, 2);
    send(index, 'a', 5, 6);
    send(index, 'a', 1, 2);
    send(index, 'a', 8, 9);
    expect(index.cachedTokens(aPrompt(1, 2), 'a')).toBe(20);
    // The end of the older prompt went; what follows nothing is gone before what it follows.
    expect(index.cachedTokens(aPrompt(5, 6), 'a')).toBe(10);
    expect(index.cachedTokens(aPrompt(8, 9), 'a')).toBe(20);
  });

  it('shrinks with what the engine reports', () => {
    const index = new PrefixIndex({ assumedKvTokens: 1_000 });
    send(index, 'a', 1, 2, 3, 4);
    index.onInstanceReported(report('a', 25));
    expect(index.cachedTokens(aPrompt(1, 2, 3, 4), 'a')).toBe(20);
    index.onInstanceReported({ instanceId: 'a', atMs: 1 });
    index.onInstanceReported(report('ghost', 1));
    expect(index.heldBlocks).toBe(2);
  });

  it('takes the beginning of a prompt that is larger than the cache', () => {
    const index = new PrefixIndex({ assumedKvTokens: 30 });
    send(index, 'a', 1, 2, 3, 4, 5);
    expect(index.cachedTokens(aPrompt(1, 2, 3, 4, 5), 'a')).toBe(30);
  });

  it.each<[string, (index: PrefixIndex) => void]>([
    ['is removed', (index) => index.onInstanceRemoved('a')],
    ['stops answering', (index) => index.onInstanceEjected('a')],
    ['is somewhere else', (index) => index.onInstanceRegistered(anInstance('a', { url: 'http://other' }))],
  ])('is forgotten when the instance %s', (_, happens) => {
    const index = new PrefixIndex();
    send(index, 'a', 1, 2);
    send(index, 'b', 1);
    expect(index.cachedTokens(aPrompt(1, 2), 'a')).toBe(20);
    happens(index);
    expect(index.cachedTokens(aPrompt(1, 2), 'a')).toBe(0);
    expect(index.cachedTokens(aPrompt(1, 2), 'b')).toBe(10);
    expect(index.distinctBlocks).toBe(1);
    send(index, 'a', 1);
    expect(index.cachedTokens(aPrompt(1, 2), 'a')).toBe(10);
  });

  it('stays when the instance only has new facts', () => {
    const index = new PrefixIndex();
    send(index, 'a', 1, 2);
    index.onInstanceRegistered(anInstance('a', { adapters: ['lora'] }));
    expect(index.cachedTokens(aPrompt(1, 2), 'a')).toBe(20);
  });
});

describe("the prefix index's memory", () => {
  it('stays within its bound under two million distinct prompts', { timeout: 120_000 }, () => {
    const maxBlocks = 20_000;
    const index = new PrefixIndex({ maxBlocks, assumedKvTokens: Number.POSITIVE_INFINITY });
    const random = seededRandom(7);
    const instances = Array.from({ length: 20 }, (_, i) => anInstance(`i${i}`));
    const blocks = new Uint32Array(2);
    const request = createRequest({
      id: 'r',
      model: 'm',
      arrivalMs: 0,
      prefixBlocks: blocks,
      prefixBlockTokens: 128,
    });
    let most = 0;
    for (let i = 0; i < 2_000_000; i++) {
      for (let k = 0; k < 2; k++) blocks[k] = Math.floor(random.next() * 2 ** 32);
      index.onRequestDispatched(request, instances[i % 20]!);
      index.onSettled();
      if (i % 10_000 === 0) most = Math.max(most, index.heldBlocks, index.distinctBlocks);
    }
    expect(most).toBe(maxBlocks);
    expect(index.bytes / maxBlocks).toBeLessThan(150);
  });

  it('is shared out anew when instances join', () => {
    const index = new PrefixIndex({ maxBlocks: 12 });
    send(index, 'a', ...Array.from({ length: 20 }, (_, i) => i));
    expect(index.heldBlocks).toBe(12);
    for (const id of ['b', 'c']) index.onInstanceRegistered(anInstance(id));
    expect(index.heldBlocks).toBe(4);
    expect(index.cachedTokens(aPrompt(0, 1, 2, 3, 4), 'a')).toBe(40);
  });
});

describe('the prefix index against a plain model of it', () => {
  const SIZE = 60;
  const aStep = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        to: fc.nat(7),
        ids: fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), to: fc.nat(7) }) },
  );

  it('says the same after any course of dispatches and removals', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 80 }), (steps) => {
        const index = new PrefixIndex({ assumedKvTokens: SIZE });
        /** Per instance its prefixes, as text, oldest first. */
        const model = new Map<string, string[]>();
        for (const step of steps) {
          const to = `i${step.to}`;
          if (step.do === 'forget') {
            index.onInstanceRemoved(to);
            model.delete(to);
            continue;
          }
          send(index, to, ...step.ids);
          const prefixes = step.ids.map((_, i) => step.ids.slice(0, i + 1).join()).reverse();
          const others = (model.get(to) ?? []).filter((prefix) => !prefixes.includes(prefix));
          model.set(to, [...others, ...prefixes].slice(-SIZE / 10));
        }
        for (const { ids } of steps.flatMap((step) => (step.do === 'send' ? [step] : []))) {
          let most = 0;
          for (let i = 0; i < 8; i++) {
            const held = model.get(`i${i}`) ?? [];
            let depth = 0;
            while (depth < ids.length && held.includes(ids.slice(0, depth + 1).join())) depth++;
            expect(index.cachedTokens(aPrompt(...ids), `i${i}`)).toBe(10 * depth);
            most = Math.max(most, depth);
          }
          expect(index.mostCachedTokens(aPrompt(...ids))).toBe(10 * most);
        }
        expect(index.distinctBlocks).toBe(new Set([...model.values()].flat()).size);
      }),
    );
  });
});
