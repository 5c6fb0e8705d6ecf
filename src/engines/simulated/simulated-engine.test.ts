import { describe, expect, it } from 'vitest';
import { findProfile } from '../../enginemodel/index.ts';
import type { GenerationEvent, GenerationRequest } from '../serving/token-engine.ts';
import { EngineRefusal } from '../serving/token-engine.ts';
import type { SimulatedEngineOptions } from './simulated-engine.ts';
import { SimulatedEngine } from './simulated-engine.ts';

const profile = findProfile('llama-3-8b@h100');

const anEngine = (options: Partial<SimulatedEngineOptions> = {}) =>
  new SimulatedEngine({ profile, speed: 1000, ...options });

const aPrompt = (changes: Partial<GenerationRequest> = {}): GenerationRequest => ({
  id: 'x',
  model: 'llama-3-8b',
  promptText: 'Tell me of trains.',
  maxTokens: 20,
  temperature: 1,
  stop: [],
  ignoreEos: true,
  signal: new AbortController().signal,
  ...changes,
});

async function run(engine: SimulatedEngine, changes: Partial<GenerationRequest> = {}) {
  const events: GenerationEvent[] = [];
  for await (const event of engine.generate(aPrompt(changes))) events.push(event);
  const end = events.at(-1)!;
  if (end.type !== 'end') throw new Error('the last event is no end');
  const tokens = events.slice(0, -1);
  const text = tokens.map((event) => (event.type === 'token' ? event.text : '')).join('');
  return { events, tokens, text, end };
}

describe('a simulated answer', () => {
  it('is told token by token, then its end', async () => {
    const { tokens, text, end } = await run(anEngine());
    expect(tokens).toHaveLength(20);
    expect(text).toHaveLength(80);
    expect(end).toEqual({
      type: 'end',
      finishReason: 'length',
      promptTokens: 5,
      cachedTokens: 0,
      completionTokens: 20,
    });
  });

  it('depends on the prompt and the engine’s seed, and is the same on another engine like it', async () => {
    const first = await run(anEngine());
    expect((await run(anEngine())).text).toBe(first.text);
    expect((await run(anEngine({ seed: 2 }))).text).not.toBe(first.text);
    expect((await run(anEngine(), { promptText: 'Tell me of boats.' })).text).not.toBe(first.text);
  });

  it('ends by itself after a plausible length, unless told to go on', async () => {
    const engine = anEngine();
    const lengths = [];
    for (let i = 0; i < 30; i++) {
      const { end } = await run(engine, {
        promptText: `question ${i}`,
        maxTokens: 100_000,
        ignoreEos: false,
      });
      expect(end.finishReason).toBe('stop');
      lengths.push(end.completionTokens);
    }
    expect(new Set(lengths).size).toBeGreaterThan(20);
    expect(Math.max(...lengths)).toBeLessThan(10_000);
  });

  it('is cut at maxTokens', async () => {
    expect((await run(anEngine(), { maxTokens: 1, ignoreEos: false })).end).toMatchObject({
      finishReason: 'length',
      completionTokens: 1,
    });
  });
});

describe('the simulated prefix cache', () => {
  it('shares what prompts have in common, in full blocks', async () => {
    const engine = anEngine();
    const common = 'You are a helpful assistant. '.repeat(40);
    await run(engine, { promptText: `${common}What is a signal?` });
    const { end } = await run(engine, { promptText: `${common}And what is a box?` });
    expect(end.cachedTokens).toBe(Math.floor(common.length / 64) * 16);
    expect(engine.gauges()).toMatchObject({ prefixCacheHitsTokens: end.cachedTokens });
  });

  it('has the answer of the turn before', async () => {
    const engine = anEngine();
    const prompt = 'x'.repeat(640);
    const { text } = await run(engine, { promptText: prompt, maxTokens: 100 });
    const { end } = await run(engine, { promptText: `${prompt}${text} And then?` });
    expect(end.promptTokens).toBe(263);
    expect(end.cachedTokens).toBe(256);
  });
});

describe('the pace of a simulated engine', () => {
  it('is never faster than the model allows', async () => {
    const engine = anEngine({ speed: 10 });
    const startMs = performance.now();
    await run(engine, { maxTokens: 30 });
    expect((performance.now() - startMs) * 10).toBeGreaterThanOrEqual(30 * 9.2 - 1);
  });

  it('slows down at once when told to', async () => {
    const engine = anEngine({ speed: 1000 });
    engine.slowDown(100);
    const startMs = performance.now();
    await run(engine, { maxTokens: 30 });
    expect((performance.now() - startMs) * 10).toBeGreaterThanOrEqual(30 * 9.2 - 1);
    engine.slowDown(1);
    expect((await run(engine, { maxTokens: 3000 })).end.completionTokens).toBe(3000);
  });

  it.each([0, -1, Number.NaN, Infinity])('cannot be %d times as fast', (speed) => {
    expect(() => anEngine({ speed })).toThrow(/speed is .*; a number above 0 is allowed/);
  });
});

describe('many requests at once', () => {
  it('run together and all end', async () => {
    const engine = anEngine({ speed: 0.1 });
    const runs = Array.from({ length: 300 }, (_, i) =>
      run(engine, { promptText: `prompt ${i}`, maxTokens: 10 }),
    );
    const { runningRequests, waitingRequests } = engine.gauges();
    expect(runningRequests + waitingRequests).toBe(300);
    engine.slowDown(1e-4);
    const ends = (await Promise.all(runs)).map(({ end }) => end.completionTokens);
    expect(ends).toEqual(Array(300).fill(10));
    expect(engine.gauges()).toMatchObject({
      runningRequests: 0,
      waitingRequests: 0,
      kvCacheUsage: 0,
      requestsFinishedTotal: 300,
      generationTokensTotal: 3000,
    });
  });
});

describe('giving up', () => {
  it.each([
    ['while it runs', 3],
    ['before it began', 0],
  ])('%s ends with abort and frees all', async (_, after) => {
    const engine = anEngine({ speed: 20 });
    const leave = new AbortController();
    if (after === 0) leave.abort();
    const events: GenerationEvent[] = [];
    for await (const event of engine.generate(aPrompt({ maxTokens: 50_000, signal: leave.signal }))) {
      events.push(event);
      if (events.length === after) leave.abort();
    }
    expect(events.at(-1)).toMatchObject({ type: 'end', finishReason: 'abort' });
    await expectIdle(engine);
  });

  it('by leaving the loop frees all too', async () => {
    const engine = anEngine({ speed: 20 });
    for await (const _ of engine.generate(aPrompt({ maxTokens: 50_000 }))) break;
    await expectIdle(engine);
  });

  it('by closing the engine ends all', async () => {
    const engine = anEngine({ speed: 1 });
    const running = run(engine, { maxTokens: 50_000 });
    await engine.close();
    expect((await running).end.finishReason).toBe('abort');
  });

  async function expectIdle(engine: SimulatedEngine): Promise<void> {
    while (engine.gauges().runningRequests > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(engine.gauges()).toMatchObject({ kvCacheUsage: 0, waitingRequests: 0, requestsFinishedTotal: 0 });
  }
});

describe('what a simulated engine refuses', () => {
  it.each([
    ['more than the context', {}, 131_072, 'context_length_exceeded'],
    ['more than the KV cache', { profile: { ...profile, kvCacheTokens: 1600 } }, 1700, 'kv_cache_too_small'],
  ])('%s', (_, options, maxTokens, code) => {
    const engine = anEngine(options);
    expect(() => engine.generate(aPrompt({ maxTokens }))).toThrow(EngineRefusal);
    expect(() => engine.generate(aPrompt({ maxTokens }))).toThrow(
      expect.objectContaining({ status: 400, code }),
    );
  });

  it('shows as context what the KV cache can hold', () => {
    expect(anEngine({ profile: { ...profile, kvCacheTokens: 1600 } }).maxModelTokens).toBe(1600);
  });
});

describe('embedding', () => {
  it('costs a prefill and gives a unit vector that depends on the text', async () => {
    const engine = anEngine();
    const { signal } = new AbortController();
    const [first, again, other] = [
      await engine.embed('a text', signal),
      await engine.embed('a text', signal),
      await engine.embed('another text', signal),
    ];
    expect(first).toEqual(again);
    expect(other.embedding).not.toEqual(first.embedding);
    expect(Math.hypot(...first.embedding)).toBeCloseTo(1, 9);
    expect(engine.gauges().promptTokensTotal).toBe(2 + 2 + 3);
  });

  it('stops when the client is gone', async () => {
    await expect(anEngine().embed('a text', AbortSignal.abort())).rejects.toThrow('the client is gone');
  });
});
