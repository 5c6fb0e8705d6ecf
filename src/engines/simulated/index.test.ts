import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findProfile } from '../../enginemodel/index.ts';
import { parseFault } from '../serving/index.ts';
import type { StartSimulatedEngineOptions } from './index.ts';
import { startSimulatedEngine } from './index.ts';

async function start(options: StartSimulatedEngineOptions = {}) {
  const running = await startSimulatedEngine({ speed: 500, ...options });
  onTestFinished(() => running.close());
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none', maxRetries: 0 });
  return { ...running, client };
}

const messages = [{ role: 'user' as const, content: 'Hello' }];

describe('starting a simulated engine', () => {
  it('needs no options: Llama 3 8B on an H100 that looks like vLLM, on a free port', async () => {
    const { url, engine } = await start({});
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(engine.modelNames).toEqual(['llama-3-8b']);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('vllm:num_requests_waiting');
  });

  it.each(['llama-3-70b@h100x4', findProfile('llama-3-70b@a100x4')])(
    'takes a profile or its name',
    async (profile) => {
      expect((await start({ profile })).engine.modelNames).toEqual(['llama-3-70b']);
    },
  );

  it('says what is wrong with a profile’s name', async () => {
    await expect(startSimulatedEngine({ profile: 'llama-3-8b@b200' })).rejects.toThrow(
      /Did you mean 'llama-3-8b@.100'/,
    );
  });

  it('says when the port is taken', async () => {
    const { url } = await start();
    await expect(startSimulatedEngine({ port: Number(new URL(url).port) })).rejects.toThrow(/EADDRINUSE/);
  });

  it('starts with the faults it was given, which go when they are removed', async () => {
    const { url, faults } = await start({ faults: [parseFault('missing-metrics')] });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    faults.remove();
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  it('frees its port and ends what is in flight when it is closed', async () => {
    const { url, client, close } = await start({ speed: 1 });
    const stream = await client.chat.completions.create({
      model: 'llama-3-8b',
      messages,
      stream: true,
      max_tokens: 9000,
    });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    const outcome = expect(reading).rejects.toThrow();
    await close();
    await outcome;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it('lets what is in flight finish when it is closed with grace', async () => {
    const { client, engine, close } = await start({ speed: 20 });
    const answer = client.chat.completions.create({ model: 'llama-3-8b', messages, max_tokens: 40 });
    while (engine.gauges().runningRequests === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const [{ choices }] = await Promise.all([answer, close(60_000)]);
    expect(choices[0]!.message.content).not.toBe('');
  });
});

describe('the official client against a simulated engine', () => {
  it('chats', async () => {
    const { client } = await start({ model: 'my-model' });
    const answer = await client.chat.completions.create({ model: 'my-model', messages, max_tokens: 12 });
    expect(answer.choices[0]!.message.content!.length).toBeGreaterThan(0);
    expect(answer.usage!.completion_tokens).toBeLessThanOrEqual(12);
  });

  it('streams with usage', async () => {
    const { client } = await start();
    const stream = await client.chat.completions.create({
      model: 'llama-3-8b',
      messages,
      max_tokens: 12,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(text.length).toBe(tokens * 4);
    expect(tokens).toBeGreaterThan(0);
  });

  it('aborts, and the engine is free again', async () => {
    const { client, engine } = await start({ speed: 1 });
    const stream = await client.chat.completions.create({ model: 'llama-3-8b', messages, stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    while (engine.gauges().runningRequests > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(engine.gauges().kvCacheUsage).toBe(0);
  });

  it('embeds and lists models', async () => {
    const { client } = await start();
    const { data } = await client.embeddings.create({ model: 'llama-3-8b', input: ['one', 'two'] });
    expect(data.map(({ embedding }) => Math.hypot(...embedding))).toEqual([
      expect.closeTo(1, 5),
      expect.closeTo(1, 5),
    ]);
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['llama-3-8b']);
  });

  it.each([
    ['an unknown model', { model: 'nope' }, OpenAI.NotFoundError],
    ['a wrong value', { max_tokens: -1 }, OpenAI.BadRequestError],
  ])('understands the refusal of %s', async (_, changes, errorClass) => {
    const { client } = await start();
    const request = client.chat.completions.create({ model: 'llama-3-8b', messages, ...changes });
    await expect(request).rejects.toBeInstanceOf(errorClass);
  });

  it.each([
    ['429', OpenAI.RateLimitError],
    ['500', OpenAI.InternalServerError],
  ])('understands the fault %s', async (fault, errorClass) => {
    const { client } = await start({ faults: [parseFault(fault)] });
    const request = client.chat.completions.create({ model: 'llama-3-8b', messages });
    await expect(request).rejects.toBeInstanceOf(errorClass);
  });
});
