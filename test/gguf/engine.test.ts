/** The real engine: llama.cpp computing a tiny random model in this process. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TokenEngine } from '../../src/engines/serving/token-engine.ts';
import { aGeneration, complete, openTinyEngine, reasonToSkip } from './fixture.ts';
import { CHATML_TEMPLATE } from './tiny-gguf.ts';

const skip = (await reasonToSkip()) !== undefined;

const PROMPTS = ['Once upon a time', 'The quick brown fox', 'a', 'def main():', 'Ένα', 'Once upon a dime'];

describe.skipIf(skip)('generating', () => {
  it('yields tokens and then exactly one end', async () => {
    const { events, end } = await complete(await openTinyEngine(), { maxTokens: 10 });
    expect(events.slice(0, -1).every((event) => event.type === 'token')).toBe(true);
    expect(end).toEqual({
      type: 'end',
      finishReason: 'length',
      promptTokens: 16,
      cachedTokens: 0,
      completionTokens: 10,
    });
  });

  it('is named after its file, or as asked, and knows its context', async () => {
    const engine = await openTinyEngine({ contextTokens: 512 });
    expect(engine.modelNames).toEqual(['tiny']);
    expect(engine.maxModelTokens).toBe(512);
    expect(engine.sequences).toBe(4);
    expect(engine.threads).toBeGreaterThanOrEqual(1);
    const named = await openTinyEngine({}, { modelName: 'my-model', contextTokens: 256 });
    expect(named.modelNames).toEqual(['my-model']);
    expect(named.maxModelTokens).toBe(256);
  });

  it('gives the same text at temperature 0, and another for another prompt', async () => {
    const engine = await openTinyEngine();
    const texts = [];
    for (const promptText of ['one', 'one', 'two']) texts.push((await complete(engine, { promptText })).text);
    expect(texts[1]).toBe(texts[0]);
    expect(texts[2]).not.toBe(texts[0]);
  });

  it('gives the same text for the same seed, another for another, and at random without one', async () => {
    const engine = await openTinyEngine();
    const sample = async (seed?: number): Promise<string> =>
      (await complete(engine, { temperature: 1, ...(seed !== undefined && { seed }) })).text;
    const first = await sample(7);
    expect(await sample(7)).toBe(first);
    expect(await sample(8)).not.toBe(first);
    expect(await sample()).not.toBe(await sample());
  });

  it('stops by itself where the model ends its text, unless told to go on', async () => {
    const engine = await openTinyEngine({ endOfTextLogit: 2.5 });
    const request = { temperature: 1, seed: 1, maxTokens: 200 };
    const { end } = await complete(engine, request);
    expect(end.finishReason).toBe('stop');
    expect(end.completionTokens).toBeLessThan(200);
    const goneOn = await complete(engine, { ...request, ignoreEos: true });
    expect(goneOn.end).toMatchObject({ finishReason: 'length', completionTokens: 200 });
    expect(goneOn.text).not.toContain('<|endoftext|>');
  });

  it('counts every token that its pieces of text are made of', async () => {
    const engine = await openTinyEngine({ printable: false });
    const { events, end } = await complete(engine, { temperature: 1, seed: 2, maxTokens: 60 });
    const counts = events.map((event) => (event.type === 'token' ? event.tokenCount : 0));
    expect(counts.reduce((total, count) => total + count, 0)).toBe(60);
    expect(end.completionTokens).toBe(60);
  });

  it('ends at the context limit when the answer would not fit', async () => {
    const engine = await openTinyEngine({ contextTokens: 256 });
    const { end } = await complete(engine, { promptText: 'x'.repeat(250), maxTokens: 100 });
    expect(end).toMatchObject({ finishReason: 'length', promptTokens: 250, completionTokens: 6 });
  });
});

describe.skipIf(skip)('several requests', () => {
  it('are computed together and give the texts that each gives alone', async () => {
    const alone = await openTinyEngine({}, { sequences: 1 });
    const together = await openTinyEngine({}, { sequences: PROMPTS.length });
    const expected: string[] = [];
    for (const promptText of PROMPTS) expected.push((await complete(alone, { promptText })).text);
    const answers = await Promise.all(PROMPTS.map((promptText) => complete(together, { promptText })));
    expect(answers.map((answer) => answer.text)).toEqual(expected);
  });

  it('take turns token by token, so that none waits for the end of another', async () => {
    const engine = await openTinyEngine({}, { sequences: 2 });
    const order: string[] = [];
    const follow = async (id: string, promptText: string): Promise<void> => {
      for await (const event of engine.generate(aGeneration({ promptText }))) {
        if (event.type === 'token') order.push(id);
      }
    };
    await Promise.all([follow('A', 'one'), follow('B', 'two')]);
    const inFirstHalf = order.slice(0, 24).filter((id) => id === 'A').length;
    expect(order).toHaveLength(48);
    expect(inFirstHalf).toBeGreaterThan(8);
    expect(inFirstHalf).toBeLessThan(16);
  });

  it('fill the KV cache while they run', async () => {
    const engine = await openTinyEngine({ contextTokens: 512 }, { sequences: 2 });
    expect(engine.gauges()).toMatchObject({ kvCacheTokens: 1024, kvCacheUsage: 0 });
    for await (const event of engine.generate(aGeneration({ promptText: 'x'.repeat(250) }))) {
      if (event.type === 'end') continue;
      expect(engine.gauges().kvCacheUsage).toBeGreaterThanOrEqual(250 / 1024);
      expect(engine.gauges().kvCacheUsage).toBeLessThanOrEqual(0.5);
    }
    expect(engine.gauges().kvCacheUsage).toBe(0);
  });

  it('wait when all sequences are busy, and are all served', async () => {
    const engine = await openTinyEngine({}, { sequences: 2 });
    const answers = PROMPTS.map((promptText) => complete(engine, { promptText }));
    await nextTurn();
    expect(engine.gauges()).toMatchObject({ runningRequests: 2, waitingRequests: 4 });
    for (const { end } of await Promise.all(answers)) expect(end.completionTokens).toBe(24);
    expect(engine.gauges()).toMatchObject({ runningRequests: 0, waitingRequests: 0, kvCacheUsage: 0 });
  });
});

describe.skipIf(skip)('reusing a prefix', () => {
  it('computes a repeated prompt only in its last token, with the same result', async () => {
    const engine = await openTinyEngine();
    const first = await complete(engine);
    const second = await complete(engine);
    expect(first.end.cachedTokens).toBe(0);
    expect(second.end).toMatchObject({ promptTokens: 16, cachedTokens: 15 });
    expect(second.text).toBe(first.text);
  });

  it('counts the cached part of a conversation that goes on, its own answer included', async () => {
    const engine = await openTinyEngine();
    const opening = 'user: hello there\nbot: ';
    const { text } = await complete(engine, { promptText: opening });
    const { end } = await complete(engine, { promptText: `${opening}${text}\nuser: and now?` });
    expect(end.cachedTokens).toBe(opening.length + text.length - 1);
  });

  it('keeps two conversations apart in two sequences', async () => {
    const engine = await openTinyEngine({}, { sequences: 2 });
    await complete(engine, { promptText: 'first conversation' });
    await complete(engine, { promptText: 'second, unlike the other' });
    const [again, other] = [
      await complete(engine, { promptText: 'first conversation' }),
      await complete(engine, { promptText: 'second, unlike the other' }),
    ];
    expect(again.end.cachedTokens).toBe('first conversation'.length - 1);
    expect(other.end.cachedTokens).toBe('second, unlike the other'.length - 1);
  });

  it('shows what was asked of the cache and what was found', async () => {
    const engine = await openTinyEngine();
    await complete(engine);
    await complete(engine);
    expect(engine.gauges()).toMatchObject({
      prefixCacheQueriesTokens: 32,
      prefixCacheHitsTokens: 15,
      promptTokensTotal: 17,
      generationTokensTotal: 48,
      requestsFinishedTotal: 2,
    });
  });
});

describe.skipIf(skip)('an aborted request', () => {
  it('ends within a token and frees its sequence', async () => {
    const engine = await openTinyEngine({}, { sequences: 1 });
    const client = new AbortController();
    let tokens = 0;
    for await (const event of engine.generate(aGeneration({ maxTokens: 400, signal: client.signal }))) {
      if (event.type === 'token') tokens++;
      else expect(event.finishReason).toBe('abort');
      if (tokens === 5) client.abort();
    }
    expect(tokens).toBeLessThanOrEqual(6);
    expect(engine.gauges()).toMatchObject({ runningRequests: 0, requestsFinishedTotal: 0 });
    expect((await complete(engine)).end.finishReason).toBe('length');
  });

  it('frees its sequence when its reader just leaves', async () => {
    const engine = await openTinyEngine({}, { sequences: 1 });
    for await (const event of engine.generate(aGeneration({ maxTokens: 400 }))) {
      if (event.type === 'token') break;
    }
    expect(engine.gauges().runningRequests).toBe(0);
    expect((await complete(engine)).end.finishReason).toBe('length');
  });

  it('leaves the queue when it still waits', async () => {
    const engine = await openTinyEngine({}, { sequences: 1 });
    const running = complete(engine, { maxTokens: 60 });
    const client = new AbortController();
    const waiting = complete(engine, { signal: client.signal });
    await nextTurn();
    expect(engine.gauges().waitingRequests).toBe(1);
    client.abort();
    expect((await waiting).end).toMatchObject({ finishReason: 'abort', completionTokens: 0 });
    expect(engine.gauges().waitingRequests).toBe(0);
    expect((await running).end.completionTokens).toBe(60);
  });

  it('stops in the middle of a long prompt', async () => {
    const engine = await openTinyEngine({ contextTokens: 4096 }, { sequences: 1 });
    const client = new AbortController();
    const answer = complete(engine, { promptText: 'x'.repeat(4000), signal: client.signal });
    await nextTurn();
    client.abort();
    const { end } = await answer;
    expect(end).toMatchObject({ finishReason: 'abort', promptTokens: 4000, completionTokens: 0 });
    expect(engine.gauges()).toMatchObject({ runningRequests: 0, kvCacheUsage: 0 });
  });
});

describe.skipIf(skip)('what is refused', () => {
  const refusal = async (engine: TokenEngine, promptText: string): Promise<unknown> =>
    complete(engine, { promptText }).catch((thrown: unknown) => thrown);

  it('is a prompt that leaves no room for an answer', async () => {
    const engine = await openTinyEngine({ contextTokens: 256 });
    expect(await refusal(engine, 'x'.repeat(256))).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      message: expect.stringContaining('256 tokens, prompt and answer; the prompt alone has 256'),
    });
    expect(await refusal(engine, 'x'.repeat(255))).toMatchObject({ end: { completionTokens: 1 } });
  });

  it('is an empty prompt', async () => {
    expect(await refusal(await openTinyEngine(), '')).toMatchObject({ status: 400, code: 'invalid_value' });
  });

  it('is whatever comes or waits when the engine closes; what runs is aborted', async () => {
    const engine = await openTinyEngine({}, { sequences: 1 });
    const running = complete(engine, { maxTokens: 400 });
    const waiting = complete(engine).catch((thrown: unknown) => thrown);
    await nextTurn();
    await engine.close();
    expect((await running).end.finishReason).toBe('abort');
    expect(await waiting).toMatchObject({ status: 503, code: 'shutting_down' });
    expect(await refusal(engine, 'too late')).toMatchObject({ status: 503, code: 'shutting_down' });
  });
});

describe.skipIf(skip)('prompts', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ];
  const rendered =
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n';

  it('are counted with the real tokenizer', async () => {
    const engine = await openTinyEngine();
    expect(engine.countTokens('Grüße')).toBe(7);
    expect(engine.countTokens('')).toBe(0);
  });

  it('can be turned into token ids and back', async () => {
    const engine = await openTinyEngine();
    const ids = engine.tokenize('é<|im_start|>');
    expect(ids).toEqual([0xc3, 0xa9, 257]);
    expect(engine.detokenize(ids)).toBe('é<|im_start|>');
  });

  it('cannot hold token ids outside the vocabulary', async () => {
    const engine = await openTinyEngine();
    for (const id of [259, -1, 1.5, 1e12]) {
      expect(() => engine.detokenize([72, id])).toThrow(`Token id ${id} is not in the vocabulary of 259.`);
    }
  });

  it('of a chat go through the template that the file brings', async () => {
    const engine = await openTinyEngine({ chatTemplate: CHATML_TEMPLATE });
    const chat = await complete(engine, { promptText: 'user: Hi', messages });
    const same = await complete(engine, { promptText: rendered });
    expect(chat.end.promptTokens).toBe(same.end.promptTokens);
    expect(same.end.cachedTokens).toBe(same.end.promptTokens - 1);
    expect(chat.text).toBe(same.text);
    expect(engine.countTokens('user: Hi', messages)).toBe(chat.end.promptTokens);
  });

  it('of a chat are the plain text where the file brings no template, or a broken one', async () => {
    for (const chatTemplate of [undefined, '{% for %}']) {
      const engine = await openTinyEngine(chatTemplate === undefined ? {} : { chatTemplate });
      const { end } = await complete(engine, { promptText: 'user: Hi', messages });
      expect(end.promptTokens).toBe('user: Hi'.length);
    }
  });

  it('do not let a user write a special token into a template', async () => {
    const engine = await openTinyEngine({ chatTemplate: CHATML_TEMPLATE });
    const count = async (content: string): Promise<number> =>
      (await complete(engine, { messages: [{ role: 'user', content }] })).end.promptTokens;
    expect((await count('<|im_end|>')) - (await count(''))).toBe('<|im_end|>'.length);
  });
});
