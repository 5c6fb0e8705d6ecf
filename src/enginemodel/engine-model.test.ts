import { describe, expect, it } from 'vitest';
import { aModel, aProfile, aRequest, drain, lines } from './__fixtures__/profiles.ts';
import { EngineModel } from './engine-model.ts';
import { findProfile } from './profiles/index.ts';
import { stepTimeMs } from './step-time.ts';

/** Keys of a prompt: two prompts share as many leading blocks as their lists begin alike. */
const keys = (...blocks: number[]) => blocks;

describe('one request alone', () => {
  it('on an H100, 1000 tokens in and 11 out: first token after 29.27 ms, done after 121.88 ms', () => {
    const model = new EngineModel(findProfile('llama-3-8b@h100'));
    model.submit({ id: 'a', promptTokens: 1000, outputTokens: 11 }, 0);
    const events = drain(model);
    expect(events.map(({ type }) => type)).toEqual(['admitted', 'first-token', 'finished']);
    expect(events[1]!.atMs).toBeCloseTo(29.27, 2);
    expect(events[2]!.atMs).toBeCloseTo(121.88, 2);
  });

  it('has its first token when the last chunk of its prompt is computed', () => {
    const profile = findProfile('llama-3-70b@h100x4');
    const model = new EngineModel(profile);
    model.submit({ id: 'a', promptTokens: 5000, outputTokens: 1 }, 0);
    const chunk = (contextTokens: number, tokens: number) =>
      stepTimeMs(profile, { decodes: 0, decodeKvTokens: 0, chunks: [{ contextTokens, tokens }] });
    const expected = chunk(0, 2048) + chunk(2048, 2048) + chunk(4096, 904);
    expect(drain(model).at(-1)!.atMs).toBeCloseTo(expected, 9);
  });

  it('is finished with its first token when it wants only one', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a', outputTokens: 1 }), 5);
    expect(lines(drain(model))).toEqual(['5 admitted a', '15 first-token a', '15 finished a']);
  });

  it('tells every token where that is wanted', () => {
    const model = aModel({}, { reportTokens: true });
    model.submit(aRequest({ id: 'a', outputTokens: 3 }), 0);
    expect(lines(drain(model))).toEqual([
      '0 admitted a',
      '10 first-token a',
      '10 tokens a',
      '20 tokens a',
      '30 tokens a',
      '30 finished a',
    ]);
  });
});

describe('requests together', () => {
  it('arrive while a step is under way and join the next one', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a' }), 0);
    model.submit(aRequest({ id: 'b' }), 13);
    expect(lines(drain(model))).toEqual([
      '0 admitted a',
      '10 first-token a',
      '20 admitted b',
      '30 first-token b',
      '40 finished a',
      '60 finished b',
    ]);
  });

  it('that arrive at the instant a step ends are in the next step', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a' }), 0);
    model.submit(aRequest({ id: 'b' }), 20);
    expect(lines(drain(model))).toContain('20 admitted b');
  });

  it('share the token budget: running decodes first, then the prompt in progress, then the next one', () => {
    const model = aModel({ maxBatchedTokens: 100 });
    model.submit(aRequest({ id: 'a', promptTokens: 20, outputTokens: 9 }), 0);
    model.submit(aRequest({ id: 'b', promptTokens: 200, outputTokens: 1 }), 1);
    model.submit(aRequest({ id: 'c', promptTokens: 50, outputTokens: 1 }), 2);
    // Budget left beside a's decode: 99 of b, 99 of b, then b's last 2 and all of c.
    expect(lines(drain(model))).toEqual([
      '0 admitted a',
      '10 first-token a',
      '10 admitted b',
      '30 admitted c',
      '40 first-token b',
      '40 first-token c',
      '40 finished b',
      '40 finished c',
      '90 finished a',
    ]);
  });

  it('wait behind one that does not fit, although they would fit themselves', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a', promptTokens: 800, outputTokens: 3 }), 0);
    model.submit(aRequest({ id: 'b', promptTokens: 400, outputTokens: 1 }), 1);
    model.submit(aRequest({ id: 'c', promptTokens: 16, outputTokens: 1 }), 2);
    expect(lines(drain(model))).toEqual([
      '0 admitted a',
      '10 first-token a',
      '30 finished a',
      '30 admitted b',
      '30 admitted c',
      '40 first-token b',
      '40 first-token c',
      '40 finished b',
      '40 finished c',
    ]);
  });

  it('are no more than maxSequences at a time', () => {
    const model = aModel({ maxSequences: 2 });
    for (const id of ['a', 'b', 'c']) model.submit(aRequest({ id, outputTokens: 2 }), 0);
    model.advance(5);
    expect(model.gauges()).toMatchObject({ runningRequests: 2, waitingRequests: 1 });
    expect(lines(drain(model))).toContain('20 admitted c');
  });
});

describe('the prefix cache', () => {
  const shared = { promptTokens: 50, outputTokens: 2, blockKeys: keys(1, 2, 3) };

  it('gives back the full blocks of an earlier prompt', () => {
    const model = aModel();
    model.submit({ id: 'a', ...shared }, 0);
    model.submit({ id: 'b', ...shared, blockKeys: keys(1, 2, 9) }, 50);
    const admitted = drain(model).filter((event) => event.type === 'admitted');
    expect(admitted.map(({ cachedTokens }) => cachedTokens)).toEqual([0, 32]);
    expect(model.gauges()).toMatchObject({ prefixCacheQueriesTokens: 100, prefixCacheHitsTokens: 32 });
  });

  it('leaves at least one token to compute', () => {
    const model = aModel();
    const request = { promptTokens: 48, outputTokens: 2, blockKeys: keys(1, 2, 3) };
    model.submit({ id: 'a', ...request }, 0);
    model.submit({ id: 'b', ...request }, 50);
    expect(drain(model)).toContainEqual({ type: 'admitted', id: 'b', atMs: 50, cachedTokens: 32 });
  });

  it('is asked at admission, so a request that waited profits from what was computed meanwhile', () => {
    const model = aModel({ maxSequences: 1 });
    model.submit({ id: 'a', ...shared }, 0);
    model.submit({ id: 'b', ...shared }, 0);
    expect(drain(model)).toContainEqual({ type: 'admitted', id: 'b', atMs: 20, cachedTokens: 48 });
  });

  it('does not know blocks that are computed in the same step', () => {
    const model = aModel();
    model.submit({ id: 'a', ...shared }, 0);
    model.submit({ id: 'b', ...shared }, 0);
    drain(model);
    expect(model.gauges().prefixCacheHitsTokens).toBe(0);
  });

  it('knows the first chunk of a long prompt while the second is computed', () => {
    const model = aModel({ maxBatchedTokens: 64 });
    const blockKeys = keys(1, 2, 3, 4, 5, 6);
    model.submit({ id: 'a', promptTokens: 110, outputTokens: 1, blockKeys }, 0);
    model.submit({ id: 'b', promptTokens: 110, outputTokens: 1, blockKeys }, 0);
    expect(drain(model)).toContainEqual({ type: 'admitted', id: 'b', atMs: 10, cachedTokens: 64 });
  });

  it('holds answers too, where their content is known', () => {
    const model = aModel();
    model.submit({ id: 'a', promptTokens: 16, outputTokens: 17, blockKeys: keys(1, 2) }, 0);
    model.submit({ id: 'b', promptTokens: 40, outputTokens: 1, blockKeys: keys(1, 2) }, 500);
    expect(drain(model)).toContainEqual({ type: 'admitted', id: 'b', atMs: 500, cachedTokens: 32 });
  });

  it('can be switched off', () => {
    const model = aModel({}, { prefixCaching: false });
    model.submit({ id: 'a', ...shared }, 0);
    model.submit({ id: 'b', ...shared }, 50);
    drain(model);
    expect(model.gauges().prefixCacheHitsTokens).toBe(0);
  });

  it('shortens the prefill that it spares', () => {
    const model = aModel({ maxBatchedTokens: 64 });
    const blockKeys = Array.from({ length: 12 }, (_, i) => i);
    model.submit({ id: 'a', promptTokens: 200, outputTokens: 1, blockKeys }, 0);
    model.submit({ id: 'b', promptTokens: 200, outputTokens: 1, blockKeys }, 100);
    expect(lines(drain(model))).toEqual([
      '0 admitted a',
      '40 first-token a',
      '40 finished a',
      '100 admitted b',
      '110 first-token b',
      '110 finished b',
    ]);
  });
});

describe('a full KV cache', () => {
  it('throws out the youngest, which starts over when there is room and loses no token', () => {
    const model = aModel({ kvCacheTokens: 64 }, { reportTokens: true });
    model.submit(aRequest({ id: 'old', promptTokens: 30, outputTokens: 30 }), 0);
    model.submit(aRequest({ id: 'young', promptTokens: 30, outputTokens: 10 }), 0);
    const events = drain(model);
    const told = lines(events).filter((line) => !line.includes('tokens'));
    expect(told).toEqual([
      '0 admitted old',
      '0 admitted young',
      '10 first-token old',
      '10 first-token young',
      '30 preempted young',
      '300 finished old',
      '370 finished young',
    ]);
    const tokensOf = (id: string) => events.filter((e) => e.type === 'tokens' && e.ids.includes(id)).length;
    expect([tokensOf('old'), tokensOf('young')]).toEqual([30, 10]);
    expect(model.gauges()).toMatchObject({ preemptionsTotal: 1, lostTokensTotal: 32, usedBlocks: 0 });
  });

  it('lets nobody who still waited go before a preempted request', () => {
    const model = aModel({ kvCacheTokens: 64 });
    model.submit(aRequest({ id: 'old', promptTokens: 30, outputTokens: 30 }), 0);
    model.submit(aRequest({ id: 'young', promptTokens: 30, outputTokens: 10 }), 0);
    model.submit(aRequest({ id: 'last', promptTokens: 16, outputTokens: 1 }), 15);
    // One block is free from 40 on: enough for the last, but the preempted one needs two and stands before it.
    expect(lines(drain(model))).toContain('300 admitted last');
  });

  it('lets a preempted request find its own blocks again', () => {
    const model = aModel({ kvCacheTokens: 64 });
    model.submit(aRequest({ id: 'old', promptTokens: 30, outputTokens: 5 }), 0);
    model.submit({ id: 'young', promptTokens: 30, outputTokens: 10, blockKeys: keys(1) }, 0);
    drain(model);
    expect(model.gauges()).toMatchObject({ preemptionsTotal: 1, lostTokensTotal: 16 });
  });

  it('admits nobody whose whole prompt does not find free blocks', () => {
    const model = aModel({ maxBatchedTokens: 64 });
    model.submit(aRequest({ id: 'a', promptTokens: 32, outputTokens: 5 }), 0);
    model.submit(aRequest({ id: 'b', promptTokens: 1000, outputTokens: 1 }), 0);
    expect(lines(drain(model))).toContain('50 admitted b');
  });
});

describe('requests that can never run', () => {
  it.each([
    ['longer than the context', { maxModelTokens: 100 }, 90, 11, 'context_length_exceeded'],
    ['longer than the whole KV cache', { kvCacheTokens: 96 }, 90, 8, 'kv_cache_too_small'],
  ])('are rejected: %s', (_, profile, promptTokens, outputTokens, reason) => {
    const model = aModel(profile);
    model.submit(aRequest({ id: 'a', promptTokens, outputTokens }), 3);
    expect(model.nextEventMs()).toBe(3);
    expect(drain(model)).toEqual([{ type: 'rejected', id: 'a', atMs: 3, reason }]);
    expect(model.rejects({ id: 'b', promptTokens, outputTokens: outputTokens - 1 })).toBeUndefined();
  });

  it('fill the KV cache to the last token when they just fit', () => {
    const model = aModel({ kvCacheTokens: 96 });
    model.submit(aRequest({ id: 'a', promptTokens: 90, outputTokens: 7 }), 0);
    expect(lines(drain(model)).at(-1)).toBe('70 finished a');
  });
});

describe('cancelling', () => {
  it('forgets a waiting request at once', () => {
    const model = aModel({ maxSequences: 1 });
    model.submit(aRequest({ id: 'a' }), 0);
    model.submit(aRequest({ id: 'b' }), 0);
    model.advance(1);
    expect(model.cancel('b', 2)).toBe(true);
    expect(model.gauges().waitingRequests).toBe(0);
    expect(lines(drain(model)).join()).not.toContain('b');
  });

  it('frees a running request when the step in progress ends, and says no more of it', () => {
    const model = aModel({}, { reportTokens: true });
    model.submit(aRequest({ id: 'a', outputTokens: 100 }), 0);
    model.advance(25);
    model.cancel('a', 25);
    expect(model.gauges().usedBlocks).toBe(2);
    expect(drain(model)).toEqual([]);
    expect(model.gauges()).toMatchObject({ usedBlocks: 0, runningRequests: 0, stepsTotal: 3 });
  });

  it('makes room for the next in line', () => {
    const model = aModel({ maxSequences: 1 });
    model.submit(aRequest({ id: 'a', outputTokens: 50 }), 0);
    model.submit(aRequest({ id: 'b' }), 0);
    model.advance(101);
    model.cancel('a', 102);
    expect(lines(drain(model))[0]).toBe('110 admitted b');
  });

  it('lets those behind a blocked head go on when the head is given up', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a', promptTokens: 800, outputTokens: 50 }), 0);
    model.submit(aRequest({ id: 'b', promptTokens: 800 }), 1);
    model.submit(aRequest({ id: 'c', outputTokens: 1 }), 2);
    model.advance(35);
    model.cancel('b', 36);
    expect(lines(drain(model))).toContain('40 admitted c');
  });

  it('knows nothing of requests that are finished or never came', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a' }), 0);
    drain(model);
    expect(model.cancel('a', 1000)).toBe(false);
    expect(model.cancel('x', 1000)).toBe(false);
  });
});

describe('what it says of itself', () => {
  it('is true in the middle of a run of steps', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a', promptTokens: 16, outputTokens: 100 }), 0);
    model.advance(175);
    // 17 steps ended: the prompt and 16 decodes; the 18th is under way and has its block.
    expect(model.gauges()).toMatchObject({
      runningRequests: 1,
      usedBlocks: 3,
      generationTokensTotal: 17,
      computedTokensTotal: 32,
      stepsTotal: 17,
      kvCacheUsage: 3 / 64,
      kvCacheTokens: 1024,
    });
  });

  it('has nothing to do when idle', () => {
    const model = aModel();
    expect(model.nextEventMs()).toBe(Infinity);
    expect(model.advance(100)).toEqual([]);
  });

  it('starts afresh after a pause, at the time of the next arrival', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a', outputTokens: 1 }), 0);
    drain(model);
    model.submit(aRequest({ id: 'b', outputTokens: 1 }), 1000);
    expect(lines(drain(model)).at(-1)).toBe('1010 finished b');
  });
});

describe('mistakes of the caller', () => {
  it.each([
    ['a prompt without tokens', { promptTokens: 0 }, /promptTokens of request 'a' is 0/],
    ['an answer without tokens', { outputTokens: 0 }, /outputTokens of request 'a' is 0/],
    ['half a token', { promptTokens: 1.5 }, /promptTokens of request 'a' is 1.5/],
  ])('%s is refused', (_, changes, message) => {
    expect(() => aModel().submit(aRequest({ id: 'a', ...changes }), 0)).toThrow(message);
  });

  it('the same id twice is refused while the first is here', () => {
    const model = aModel();
    model.submit(aRequest({ id: 'a' }), 0);
    expect(() => model.submit(aRequest({ id: 'a' }), 1)).toThrow("request 'a' is already in the engine");
    drain(model);
    expect(() => model.submit(aRequest({ id: 'a' }), 1000)).not.toThrow();
  });

  it('time that goes backwards is refused', () => {
    const model = aModel();
    model.advance(10);
    expect(() => model.advance(9)).toThrow('at 10 ms cannot move to 9 ms');
    expect(() => model.submit(aRequest({ id: 'a' }), Number.NaN)).toThrow('cannot move to NaN ms');
  });

  it('blocks of no size are refused', () => {
    expect(() => new EngineModel(aProfile(), { blockTokens: 0 })).toThrow('blockTokens is 0');
  });
});
