import { describe, expect, it } from 'vitest';
import {
  aFastEngine,
  aServer,
  type Completion,
  chat,
  complete,
  endOf,
  json,
  MODEL,
  readStream,
  scripted,
  until,
} from './__fixtures__/serving.ts';
import { EngineRefusal } from './token-engine.ts';

describe('a whole answer', () => {
  it('to a chat has OpenAI’s shape and usage', async () => {
    const { url } = await aServer();
    const answer = await json(chat(url, { max_tokens: 9, ignore_eos: true }));
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model: MODEL,
      choices: [{ index: 0, finish_reason: 'length', message: { role: 'assistant' } }],
      usage: { completion_tokens: 9, prompt_tokens_details: { cached_tokens: 0 } },
    });
    expect(answer.choices[0]!.message!.content).toHaveLength(36);
    expect(answer.usage!.total_tokens).toBe(answer.usage!.prompt_tokens + 9);
    expect(Math.abs(answer.created - Date.now() / 1000)).toBeLessThan(60);
  });

  it('to a text completion has 16 tokens at most unless told otherwise', async () => {
    const { url } = await aServer();
    const answer = await json(complete(url, { ignore_eos: true }));
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      choices: [{ finish_reason: 'length' }],
      usage: { prompt_tokens: 4, completion_tokens: 16 },
    });
    expect(answer.choices[0]!.text).toHaveLength(64);
  });

  it('says how much of the prompt was cached', async () => {
    const { url } = await aServer();
    const body = { prompt: 'x'.repeat(400), max_tokens: 2 };
    await json(complete(url, body));
    expect((await json(complete(url, body))).usage).toMatchObject({
      prompt_tokens: 100,
      prompt_tokens_details: { cached_tokens: 96 },
    });
  });

  it('is the same for the same prompt, and another one for another seed', async () => {
    const { url } = await aServer();
    const text = async (body: object) => (await json(complete(url, body))).choices[0]!.text;
    expect(await text({ seed: 5 })).toBe(await text({ seed: 5 }));
    expect(await text({ seed: 5 })).not.toBe(await text({ seed: 6 }));
    expect(await text({ seed: 5, temperature: 0 })).toBe(await text({ seed: 6, temperature: 0 }));
  });

  it('bears the request id that the client sent', async () => {
    const { url } = await aServer();
    const answer = await json(complete(url, {}, { headers: { 'x-request-id': 'trace-1' } }));
    expect(answer.id).toBe('cmpl-trace-1');
  });

  it('ends by itself before its limit', async () => {
    const { url } = await aServer();
    const answer = await json(chat(url));
    expect(answer.choices[0]!.finish_reason).toBe('stop');
    expect(answer.usage!.completion_tokens).toBeLessThan(5000);
  });

  it('takes token ids for a prompt', async () => {
    const { url } = await aServer();
    expect((await json(complete(url, { prompt: [1, 2, 3, 4, 5] }))).usage!.prompt_tokens).toBe(5);
    expect((await json(complete(url, { prompt: [[1, 2, 3]] }))).usage!.prompt_tokens).toBe(3);
  });
});

describe('a stream', () => {
  it('to a chat names the role, then says token by token, then why it ended', async () => {
    const { url } = await aServer();
    const response = await chat(url, { stream: true, max_tokens: 3, ignore_eos: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const { data, chunks } = await readStream(response);
    expect(data.at(-1)).toBe('[DONE]');
    expect(chunks.map(({ choices }) => choices[0]!.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: expect.stringMatching(/^.{4}$/) },
      { content: expect.stringMatching(/^.{4}$/) },
      { content: expect.stringMatching(/^.{4}$/) },
      {},
    ]);
    expect(chunks.map(({ choices }) => choices[0]!.finish_reason)).toEqual([
      null,
      null,
      null,
      null,
      'length',
    ]);
    expect(new Set(chunks.map(({ id, object, model }) => `${id} ${object} ${model}`)).size).toBe(1);
    expect(chunks.every(({ usage }) => usage === undefined)).toBe(true);
  });

  it('says the same as the whole answer', async () => {
    const { url } = await aServer();
    const whole = await json(chat(url, { max_tokens: 50 }));
    const { text } = await readStream(await chat(url, { max_tokens: 50, stream: true }));
    expect(text).toBe(whole.choices[0]!.message!.content);
  });

  it('of a text completion has no role', async () => {
    const { url } = await aServer();
    const { chunks } = await readStream(
      await complete(url, { stream: true, max_tokens: 2, ignore_eos: true }),
    );
    expect(chunks.map(({ object }) => object)).toEqual(Array(3).fill('text_completion'));
    expect(chunks.map(({ choices }) => choices[0]!.text?.length)).toEqual([4, 4, 0]);
  });

  it('ends with the usage where that is wanted', async () => {
    const { url } = await aServer();
    const body = { stream: true, stream_options: { include_usage: true }, max_tokens: 2, ignore_eos: true };
    const { chunks } = await readStream(await complete(url, body));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 2 } });
  });

  it('escapes what JSON must escape', async () => {
    const tricky = 'a"b\\c\n\u2028d\u0000é😀';
    const engine = scripted(async function* () {
      yield { type: 'token', text: tricky, tokenCount: 3 };
      yield endOf('stop', 3);
    });
    const { url } = await aServer({ engine });
    expect((await readStream(await chat(url, { stream: true }))).text).toBe(tricky);
  });

  it('carries all tokens that are ready at once in one piece', async () => {
    const engine = scripted(async function* () {
      for (let i = 0; i < 50; i++) yield { type: 'token', text: `${i} `, tokenCount: 1 };
      await new Promise((resolve) => setTimeout(resolve, 30));
      yield endOf('stop', 50);
    });
    const { url } = await aServer({ engine });
    const response = await chat(url, { stream: true });
    const first = await response.body!.getReader().read();
    expect(Buffer.from(first.value!).toString()).toContain('"49 "');
  });
});

describe('stop texts', () => {
  it('end a whole answer and a stream at the same place, and the text has none of them', async () => {
    const { url } = await aServer();
    const whole = await json(chat(url, { max_tokens: 400, ignore_eos: true, stop: ['. ', 'the'] }));
    const content = whole.choices[0]!.message!.content;
    expect(whole.choices[0]!.finish_reason).toBe('stop');
    expect(content).not.toMatch(/\. |the/);
    expect(whole.usage!.completion_tokens).toBe(Math.ceil((content.length + 1) / 4));
    const body = { max_tokens: 400, ignore_eos: true, stop: ['. ', 'the'], stream: true };
    expect((await readStream(await chat(url, body))).text).toBe(content);
  });

  it('free what the engine held', async () => {
    const engine = aFastEngine();
    const { url } = await aServer({ engine });
    await json(chat(url, { max_tokens: 4000, ignore_eos: true, stop: 'e' }));
    await until(() => engine.gauges().runningRequests === 0);
    expect(engine.gauges()).toMatchObject({ kvCacheUsage: 0 });
    expect(engine.gauges().generationTokensTotal).toBeLessThan(4000);
  });
});

describe('a client that goes away', () => {
  it.each([
    ['mid-stream', { stream: true }],
    ['while it waits for a whole answer', {}],
  ])('%s makes the engine stop its work', async (_, body) => {
    const engine = aFastEngine(1);
    const { url } = await aServer({ engine });
    const leave = new AbortController();
    const request = chat(url, { ...body, max_tokens: 100_000, ignore_eos: true }, { signal: leave.signal });
    const outcome = request.then((response) => response.text()).catch((error: Error) => error.name);
    await until(() => engine.gauges().generationTokensTotal > 1);
    leave.abort();
    expect(await outcome).toBe('AbortError');
    await until(() => engine.gauges().runningRequests === 0);
    expect(engine.gauges()).toMatchObject({ kvCacheUsage: 0, waitingRequests: 0, requestsFinishedTotal: 0 });
  });
});

describe('what the engine refuses or fails at', () => {
  it('before anything was said gets the status of the refusal', async () => {
    const engine = scripted(async function* () {
      yield* [];
      throw new EngineRefusal(503, 'shutting_down', 'closing time');
    });
    const { url } = await aServer({ engine });
    const response = await chat(url, { stream: true });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { message: 'closing time', code: 503 } });
  });

  it('in mid-stream ends the stream with an error frame', async () => {
    const engine = scripted(async function* () {
      yield { type: 'token', text: 'a', tokenCount: 1 };
      throw new Error('out of memory');
    });
    const { url } = await aServer({ engine });
    const { data } = await readStream(await chat(url, { stream: true }));
    const error = (JSON.parse(data.at(-2)!) as Completion).error;
    expect(error).toMatchObject({ message: 'out of memory', type: 'InternalServerError', code: 500 });
    expect(data.at(-1)).toBe('[DONE]');
  });

  it('hands the chat itself to the engine beside the joined prompt', async () => {
    let seen: unknown;
    const engine = scripted(async function* (request) {
      seen = request;
      yield endOf('stop', 0);
    });
    const { url } = await aServer({ engine });
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    ];
    await json(chat(url, { messages, temperature: 0.5, seed: 3, max_completion_tokens: 7, max_tokens: 9 }));
    expect(seen).toMatchObject({
      promptText:
        '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      temperature: 0.5,
      seed: 3,
      maxTokens: 7,
      ignoreEos: false,
    });
  });
});
