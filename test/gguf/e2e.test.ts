/** From the official client through the gateway to real inference and back. */

import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createMetricsReader,
  createPageClient,
  ENGINE_ADAPTERS,
  recogniseEngine,
} from '../../src/engines/index.ts';
import { createEngineServer, type EngineServer } from '../../src/engines/serving/index.ts';
import type { TokenEngine } from '../../src/engines/serving/token-engine.ts';
import { startTestGateway, type TestGateway } from '../gateway/support/test-gateway.ts';
import { complete, openTinyEngine, reasonToSkip } from './fixture.ts';
import { CHATML_TEMPLATE } from './tiny-gguf.ts';

const skip = (await reasonToSkip()) !== undefined;

interface Engine {
  readonly engine: TokenEngine;
  readonly server: EngineServer;
  readonly url: string;
}

async function serveTiny(contextTokens = 512): Promise<Engine> {
  const engine = await openTinyEngine({ chatTemplate: CHATML_TEMPLATE, contextTokens }, { sequences: 2 });
  const server = createEngineServer({ engine, dialect: 'llamacpp', slots: 2 });
  return { engine, server, url: await server.listen() };
}

describe.skipIf(skip)('the gateway in front of two llama.cpp engines with the same model', () => {
  let engines: Engine[];
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    engines = [await serveTiny(), await serveTiny()];
    gateway = await startTestGateway({
      instances: engines.map(({ url }) => ({ url, engine: 'llamacpp', models: ['tiny'], maxConcurrency: 2 })),
    });
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });

  afterAll(async () => {
    await gateway?.close();
    await Promise.all((engines ?? []).map(({ server }) => server.close()));
  });

  const aChat = (content: string) => ({
    model: 'tiny',
    messages: [{ role: 'user' as const, content }],
    temperature: 0,
    max_tokens: 24,
  });

  async function streamed(content: string): Promise<string> {
    let text = '';
    const stream = await client.chat.completions.create({ ...aChat(content), stream: true });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  }

  it('lists the model', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['tiny']);
  });

  it('streams what the model writes, the same from either engine and as when asked for whole', async () => {
    const before = engines.map(({ engine }) => engine.gauges().requestsFinishedTotal);
    const whole = await client.chat.completions.create(aChat('Hello!'));
    const texts = [await streamed('Hello!'), await streamed('Hello!'), await streamed('Hello!')];
    expect(whole.choices[0]?.message.content).toHaveLength(24);
    expect(new Set([whole.choices[0]?.message.content, ...texts]).size).toBe(1);
    for (const [index, { engine }] of engines.entries()) {
      expect(engine.gauges().requestsFinishedTotal).toBeGreaterThan(before[index]!);
    }
  });

  it('serves more requests at once than the engines have sequences, each with its own text', async () => {
    const questions = Array.from({ length: 10 }, (_, index) => `Question number ${index}`);
    const alone: string[] = [];
    for (const question of questions) alone.push(await streamed(question));
    expect(await Promise.all(questions.map(streamed))).toEqual(alone);
    expect(new Set(alone).size).toBe(questions.length);
  });

  it('passes embeddings and the usage of a chat on', async () => {
    const { data } = await client.embeddings.create({ model: 'tiny', input: 'one' });
    expect(data[0]?.embedding).toHaveLength(64);
    const { usage } = await client.chat.completions.create(aChat('Hello!'));
    expect(usage).toMatchObject({
      prompt_tokens: '|user\nHello!|\n|assistant\n'.length,
      completion_tokens: 24,
    });
  });

  it('frees the engine when the client leaves in the middle of a stream', async () => {
    const stream = await client.chat.completions.create({ ...aChat('Go on'), max_tokens: 400, stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    await expect
      .poll(() => engines.map(({ engine }) => engine.gauges().runningRequests), { timeout: 10_000 })
      .toEqual([0, 0]);
    await expect.poll(() => gateway.held(), { timeout: 10_000 }).toBe(0);
  });

  it('passes the engine’s refusal of a prompt that is too long on', async () => {
    const refused = await client.chat.completions
      .create(aChat('x'.repeat(600)))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    expect(String(refused)).toContain('context length is 512 tokens');
  });
});

describe.skipIf(skip)('what the gateway can learn of a served GGUF file', () => {
  it('is that it speaks as llama.cpp does, its model and its context', async () => {
    const { server, url } = await serveTiny();
    const client = createPageClient();
    const recognised = await recogniseEngine(url, { client });
    expect(recognised).toMatchObject({
      ok: true,
      kind: 'llamacpp',
      models: ['tiny'],
      maxContextTokens: 512,
    });
    await client.close();
    await server.close();
  });

  it('is how much runs and waits, from its metrics', async () => {
    const { engine, server, url } = await serveTiny(4096);
    const readMetrics = createMetricsReader(ENGINE_ADAPTERS.llamacpp.metrics);
    const read = async () => readMetrics(await (await fetch(`${url}/metrics`)).text());
    expect(await read()).toMatchObject({ runningRequests: 0, waitingRequests: 0 });
    const client = new AbortController();
    const running = ['a', 'b', 'c'].map((promptText) =>
      complete(engine, { promptText, maxTokens: 4000, signal: client.signal }),
    );
    expect(await read()).toMatchObject({ runningRequests: 2, waitingRequests: 1 });
    client.abort();
    await Promise.all(running);
    expect(await read()).toMatchObject({ runningRequests: 0, waitingRequests: 0 });
    await server.close();
  });
});
