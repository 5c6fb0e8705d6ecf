import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { aPredictor, aRequest, aView, type ViewFields } from '../../../../test/builders.ts';
import { prefixesOf, scoredBy } from '../../../../test/routing-fixtures.ts';
import { md5Hex } from './md5.ts';

const viewsOf = (views: Readonly<Record<string, ViewFields>>) =>
  Object.entries(views).map(([id, fields]) => aView(id, fields));
const requests = (counts: Readonly<Record<string, number>>) =>
  viewsOf(Object.fromEntries(Object.entries(counts).map(([id, n]) => [id, { inFlightRequests: n }])));
const best = ({ scores }: { readonly scores: Readonly<Record<string, number>> }): string => {
  const most = Math.max(...Object.values(scores));
  return Object.keys(scores)
    .filter((id) => scores[id] === most)
    .join();
};

describe("Dynamo's rule", () => {
  it('adds blocks to compute and blocks resident', () => {
    const views = viewsOf({ a: { work: { uncachedTokens: 160, kvTokens: 320 } }, b: {} });
    const options = { inputs: { prefixes: prefixesOf({ a: 96 }) } };
    const { reasons, scores } = scoredBy('dynamo', aRequest({ promptTokens: 160 }), views, options);
    expect(reasons).toEqual({
      a: `${(160 + 64 + 320 + 160) / 16} blocks to compute and resident`,
      b: '20 blocks to compute and resident',
    });
    expect(scores.a).toBeCloseTo(20 / 44, 12);
  });

  it('lets go of a hit for the sake of decodes, however much the hit is worth to others', () => {
    const views = viewsOf({ holder: { work: { kvTokens: 10_000 } }, idle: {} });
    const options = { inputs: { prefixes: prefixesOf({ holder: 4_000 }) } };
    expect(best(scoredBy('dynamo', aRequest({ promptTokens: 4_096 }), views, options))).toBe('idle');
    const weighted = { ...options, parameters: { overlapWeight: 4 } };
    expect(best(scoredBy('dynamo', aRequest({ promptTokens: 4_096 }), views, weighted))).toBe('holder');
  });
});

describe("SGLang's rule", () => {
  const request = aRequest({ promptTokens: 1_000 });
  it.each([
    [
      'the best match while load is even',
      { a: 64, b: 0 },
      { a: 900, b: 400 },
      'a',
      'holds 900 tokens of the prompt',
    ],
    ['the fewest requests while it is not', { a: 65, b: 0 }, { a: 900 }, 'b', 'uneven load: 0 requests'],
    [
      'the best match while the ratio is even',
      { a: 195, b: 130 },
      { a: 900 },
      'a',
      'holds 900 tokens of the prompt',
    ],
    [
      'the smallest cache without a match to speak of',
      { a: 1, b: 0 },
      { a: 300, b: 200 },
      'b',
      'no match to speak of: holds 200 tokens in all',
    ],
  ])('takes %s', (_, counts, held, expected, reason) => {
    const inputs = { prefixes: prefixesOf(held) };
    const scored = scoredBy('sglang-cache-aware', request, requests(counts), { inputs });
    expect(best(scored)).toBe(expected);
    expect(scored.reasons[expected]).toBe(reason);
  });
});

describe("the production stack's rule", () => {
  it('takes any of the longest matches, however busy', () => {
    const inputs = { prefixes: prefixesOf({ a: 50, b: 50, c: 20 }) };
    const scored = scoredBy('vllm-prefix', aRequest({ promptTokens: 100 }), requests({ a: 99, b: 0, c: 0 }), {
      inputs,
    });
    expect(scored.scores).toEqual({ a: 1, b: 1, c: 0 });
    expect(scored.reasons.c).toBe('holds 20 tokens of the prompt');
  });

  it('takes the fewest requests where the match is too short', () => {
    const inputs = { prefixes: prefixesOf({ a: 50 }) };
    const options = { inputs, parameters: { minMatchTokens: 51 } };
    const scored = scoredBy(
      'vllm-prefix',
      aRequest({ promptTokens: 100 }),
      requests({ a: 3, b: 1 }),
      options,
    );
    expect(best(scored)).toBe('b');
    expect(scored.reasons.a).toBe('no match: 3 requests in flight');
  });
});

describe("AIBrix's rule", () => {
  const request = aRequest({ promptTokens: 1_000 });
  it.each([
    ['the best match', { a: 2, b: 2, c: 0 }, { a: 500, b: 400 }, 'a'],
    ['the fewest requests of equal matches', { a: 2, b: 1, c: 0 }, { a: 500, b: 500 }, 'b'],
    ['the next match when the best is too busy', { a: 8, b: 1, c: 0 }, { a: 900, b: 100 }, 'b'],
    ['the fewest requests when every match is too busy', { a: 8, b: 1, c: 0 }, { a: 900 }, 'c'],
    ['the fewest requests when load is uneven', { a: 2, b: 10, c: 0 }, { a: 900 }, 'c'],
    ['the fewest requests without a match', { a: 2, b: 1, c: 3 }, {}, 'b'],
  ])('takes %s', (_, counts, held, expected) => {
    const inputs = { prefixes: prefixesOf(held as Record<string, number>) };
    expect(best(scoredBy('aibrix-prefix', request, requests(counts), { inputs }))).toBe(expected);
  });

  it('says which it was', () => {
    const inputs = { prefixes: prefixesOf({ a: 500 }) };
    expect(scoredBy('aibrix-prefix', request, requests({ a: 1, b: 0 }), { inputs }).reasons).toEqual({
      a: 'holds 500 tokens of the prompt, and is not too busy',
      b: 'no match to follow: 0 requests in flight',
    });
  });
});

describe("Preble's rule", () => {
  const predictor = aPredictor();
  const request = aRequest({ promptTokens: 1_000 });

  it('exploits: the least loaded of those that hold the most, where that is more than half', () => {
    const views = viewsOf({
      a: { work: { uncachedTokens: 9_000 } },
      b: { work: { uncachedTokens: 100 } },
      c: {},
    });
    const inputs = { predictor, prefixes: prefixesOf({ a: 600, b: 600, c: 500 }) };
    const scored = scoredBy('preble', request, views, { inputs });
    expect(best(scored)).toBe('b');
    expect(scored.scores.c).toBe(0);
    expect(scored.reasons.c).toBe('others hold more');
  });

  it('explores: the least cost, where half or less is held', () => {
    const views = viewsOf({ holder: { work: { uncachedTokens: 4_000 } }, idle: {} });
    const inputs = { predictor, prefixes: prefixesOf({ holder: 500 }) };
    expect(best(scoredBy('preble', request, views, { inputs }))).toBe('idle');
  });

  it('counts what decodes there, and what would be evicted', () => {
    const views = viewsOf({
      free: {},
      decoding: { work: { decodingRequests: 5 } },
      full: { report: { instanceId: 'full', atMs: 0, kvCacheTokens: 10_000 } },
    });
    const inputs = { predictor, prefixes: prefixesOf({}, { full: 9_900 }) };
    const { scores } = scoredBy('preble', request, views, { inputs });
    expect(scores.free).toBe(1);
    expect(scores.decoding).toBeLessThan(1);
    expect(scores.full).toBeLessThan(1);
    const careless = scoredBy('preble', request, views, { inputs, parameters: { reuse: 0 } });
    expect(careless.scores.full).toBe(1);
  });
});

describe("sageLLM's topology rule", () => {
  const onMachine = (machine: string, nvlink_peers = ''): ViewFields => ({
    instance: { labels: { machine, nvlink_peers } },
  });
  const request = aRequest({ tags: { preferred_instance_id: 'a' } });

  it('keeps to the NVLink peers of the preferred instance, itself included', () => {
    const views = viewsOf({
      a: onMachine('m', 'b'),
      b: onMachine('m'),
      c: onMachine('m'),
      d: onMachine('n'),
    });
    expect(scoredBy('topology_aware', request, views).scores).toEqual({ a: 1, b: 1, c: 0, d: 0 });
  });

  it('keeps to its machine where it has no peers', () => {
    const views = viewsOf({ a: onMachine('m', 'gone'), c: onMachine('m'), d: onMachine('n') });
    const { scores, reasons } = scoredBy('topology_aware', request, views);
    expect(scores).toEqual({ a: 1, c: 1, d: 0 });
    expect(reasons).toMatchObject({
      c: 'is near to the preferred instance',
      d: 'is not near to the preferred instance',
    });
  });

  it('keeps to itself where it lists itself as its only peer', () => {
    const views = viewsOf({ a: onMachine('m', 'a'), c: onMachine('m') });
    expect(scoredBy('topology_aware', request, views).scores).toEqual({ a: 1, c: 0 });
  });

  it.each([
    ['no machine', { a: {}, b: {} }],
    ['no such instance', { b: onMachine('m') }],
  ])('says nothing where there is %s', (_, views) => {
    const { scores, reasons } = scoredBy('topology_aware', request, viewsOf(views));
    expect(scores.b).toBe(1);
    expect(reasons.b).toBe('there is nothing to be near to');
  });
});

describe("sageLLM's locality rule", () => {
  it('is md5 of model and user, modulo the number of instances', () => {
    const views = viewsOf({ a: {}, b: {}, c: {} });
    for (const user of ['u1', 'u2', undefined]) {
      const digest = createHash('md5')
        .update(`m:${user ?? 'None'}`)
        .digest('hex');
      const place = Number.parseInt(digest.slice(0, 8), 16) % 3;
      const request = aRequest(user === undefined ? {} : { user });
      expect(best(scoredBy('locality', request, views))).toBe('abc'[place]);
    }
  });
});

describe('md5', () => {
  it('is that of the standard, whatever the length', () => {
    for (let length = 0; length < 140; length++) {
      const text = `${'é'.repeat(length % 3)}${'x'.repeat(length)}`;
      expect(md5Hex(text)).toBe(createHash('md5').update(text).digest('hex'));
    }
  });
});
