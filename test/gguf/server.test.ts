/** The real engine behind the shared HTTP server: OpenAI's API and llama.cpp's own endpoints. */

import OpenAI, { APIError } from 'openai';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngineServer, type EngineServer } from '../../src/engines/serving/index.ts';
import { openTinyEngine, reasonToSkip } from './fixture.ts';
import { CHATML_TEMPLATE, type TinyGgufOptions } from './tiny-gguf.ts';

const skip = (await reasonToSkip()) !== undefined;
const servers: EngineServer[] = [];

afterAll(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serveTiny(model: TinyGgufOptions = { chatTemplate: CHATML_TEMPLATE }, sequences = 2) {
  const engine = await openTinyEngine(model, { sequences });
  const server = createEngineServer({ engine, dialect: 'llamacpp', slots: sequences });
  servers.push(server);
  const url = await server.listen();
  return { url, engine, client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 }) };
}

const aChat = {
  model: 'tiny',
  messages: [{ role: 'user' as const, content: 'Hello!' }],
  temperature: 0,
  max_tokens: 20,
};

async function seriesOf(url: string): Promise<Record<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ').at(-1))]));
}

describe.skipIf(skip)('a served GGUF file', () => {
  it('is listed under its name with its context', async () => {
    const { client } = await serveTiny();
    const [model, ...others] = (await client.models.list()).data;
    expect(model).toMatchObject({ id: 'tiny', owned_by: 'llamacpp', max_model_len: 512 });
    expect(others).toEqual([]);
  });

  it('answers a chat whole and streamed with the same text and true usage', async () => {
    const { client } = await serveTiny();
    const whole = await client.chat.completions.create(aChat);
    const stream = await client.chat.completions.create({
      ...aChat,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(text).toHaveLength(20);
    const promptTokens = '|user\nHello!|\n|assistant\n'.length;
    expect(whole.usage).toMatchObject({ prompt_tokens: promptTokens, completion_tokens: 20 });
    expect(usage).toMatchObject({
      prompt_tokens: promptTokens,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: promptTokens - 1 },
    });
  });

  it('ends before a stop text', async () => {
    const { client } = await serveTiny();
    const whole = (await client.chat.completions.create(aChat)).choices[0]!.message.content!;
    const stop = whole.slice(8, 11);
    const { choices } = await client.chat.completions.create({ ...aChat, stop });
    expect(choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: whole.slice(0, whole.indexOf(stop)) },
    });
  });

  it('completes text, and text given as token ids', async () => {
    const { client } = await serveTiny();
    const complete = async (prompt: string | number[]): Promise<string | undefined> =>
      (await client.completions.create({ model: 'tiny', prompt, max_tokens: 12, temperature: 0 })).choices[0]
        ?.text;
    const text = await complete('abc');
    expect(text).toHaveLength(12);
    expect(await complete([97, 98, 99])).toBe(text);
  });

  it('embeds', async () => {
    const { client } = await serveTiny();
    const { data, usage } = await client.embeddings.create({ model: 'tiny', input: ['one', 'two'] });
    expect(data.map((item) => item.embedding.length)).toEqual([64, 64]);
    expect(usage.prompt_tokens).toBe(6);
  });

  it('shows tokens, slots and metrics as llama.cpp does', async () => {
    const { client, url } = await serveTiny({}, 3);
    const tokenized = await fetch(`${url}/tokenize`, {
      method: 'POST',
      body: JSON.stringify({ content: 'é' }),
    });
    expect(await tokenized.json()).toEqual({ tokens: [0xc3, 0xa9] });
    expect(await (await fetch(`${url}/props`)).json()).toMatchObject({ total_slots: 3 });
    await client.completions.create({ model: 'tiny', prompt: 'abc', max_tokens: 5, temperature: 0 });
    await client.completions.create({ model: 'tiny', prompt: 'abc', max_tokens: 5, temperature: 0 });
    expect(await seriesOf(url)).toMatchObject({
      'llamacpp:prompt_tokens_total': 4,
      'llamacpp:tokens_predicted_total': 10,
      'llamacpp:requests_processing': 0,
      'llamacpp:requests_deferred': 0,
    });
  });

  it('frees the sequence of a client that leaves', async () => {
    const { client, engine } = await serveTiny({}, 1);
    const stream = await client.completions.create({
      model: 'tiny',
      prompt: 'x',
      max_tokens: 500,
      stream: true,
    });
    for await (const _ of stream) break;
    stream.controller.abort();
    const answer = await client.completions.create({ model: 'tiny', prompt: 'y', max_tokens: 2 });
    expect(answer.usage?.completion_tokens).toBe(2);
    expect(engine.gauges().runningRequests).toBe(0);
  });

  it.each([
    { body: { prompt: 'x'.repeat(600) }, status: 400, type: 'exceed_context_size_error' },
    { body: { prompt: [72, 9999] }, status: 400, type: 'invalid_request_error' },
    { body: { prompt: 'x', model: 'other' }, status: 404, type: 'not_found_error' },
  ])('refuses what it cannot do with $status $type', async ({ body, status, type }) => {
    const { client } = await serveTiny();
    const refused = await client.completions
      .create({ model: 'tiny', ...body })
      .catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ status, type });
  });
});
