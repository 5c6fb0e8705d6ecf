/** What an application gets that talks to Signalbox through OpenAI's client. */

import { describe, expect, it } from 'vitest';
import { aChat, MODEL, openStacks } from './support/stack.ts';

const startStack = openStacks();

describe('a chat', () => {
  it('is answered whole', async () => {
    const { client } = await startStack();
    const completion = await client.chat.completions.create(aChat('Hello!', { max_tokens: 12 }));
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: MODEL,
      choices: [{ index: 0, message: { role: 'assistant' } }],
      usage: { completion_tokens: 12 },
    });
    expect(completion.choices[0]?.message.content).not.toBe('');
    expect(completion.choices[0]?.finish_reason).toBe('length');
  });

  it('streams the same text, and its usage where that is asked for', async () => {
    const { client } = await startStack();
    const whole = await client.chat.completions.create(aChat());
    const stream = await client.chat.completions.create({
      ...aChat(),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: unknown;
    let chunks = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
      chunks++;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(usage).toEqual(whole.usage);
    expect(chunks).toBeGreaterThan(16);
  });

  it('has no usage in its stream where none was asked for', async () => {
    const { client } = await startStack();
    const stream = await client.chat.completions.create({ ...aChat(), stream: true });
    for await (const chunk of stream) expect(chunk.usage ?? null).toBeNull();
  });

  it('works with the client’s own stream helper', async () => {
    const { client } = await startStack();
    const deltas: string[] = [];
    const stream = client.chat.completions.stream(aChat()).on('content', (delta) => deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(deltas.join('')).toBe(final.choices[0]?.message.content);
    expect(final.choices[0]?.finish_reason).toBe('length');
  });

  it('may carry fields that nobody here knows', async () => {
    const { client } = await startStack();
    const fields = { chat_template_kwargs: { enable_thinking: false }, top_k: 20, metadata: { a: 'b' } };
    const completion = await client.chat.completions.create(aChat('Hello!', fields));
    expect(completion.choices).toHaveLength(1);
  });

  it('tells which instance answered, after how many tries and how long a wait', async () => {
    const { client } = await startStack();
    const { response } = await client.chat.completions
      .create(aChat(), { headers: { 'x-request-id': 'my-id-1' } })
      .withResponse();
    expect(response.headers.get('x-signalbox-instance')).toBe('i0');
    expect(response.headers.get('x-signalbox-attempts')).toBe('1');
    expect(response.headers.get('x-signalbox-queue-ms')).toMatch(/^\d+$/);
    expect(response.headers.get('x-signalbox-request-id')).toBe('my-id-1');
  });

  it('bears its hints to the scheduler', async () => {
    const { client, gateway } = await startStack();
    const headers = { 'x-signalbox-priority': 'low', 'x-openwebui-user-id': 'anna' };
    await client.chat.completions.create(aChat(), { headers });
    expect(gateway.observer.record).toMatchObject({ priority: 'LOW', tenant: 'anna', outcome: 'completed' });
  });

  it('may be asked for under an alias', async () => {
    const { client } = await startStack({ intake: { aliases: { 'gpt-4o': [{ model: MODEL, weight: 1 }] } } });
    const completion = await client.chat.completions.create(aChat('Hello!', { model: 'gpt-4o' }));
    expect(completion.model).toBe(MODEL);
  });
});

describe('a completion', () => {
  it('is answered whole and streamed', async () => {
    const { client } = await startStack();
    const call = { model: MODEL, prompt: 'Once upon a time', temperature: 0, max_tokens: 10 };
    const whole = await client.completions.create(call);
    expect(whole).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 10 } });
    let text = '';
    for await (const chunk of await client.completions.create({ ...call, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe(whole.choices[0]?.text);
  });

  it('takes a prompt of token ids', async () => {
    const { client, gateway } = await startStack();
    await client.completions.create({ model: MODEL, prompt: [5, 6, 7], max_tokens: 2 });
    expect(gateway.observer.record).toMatchObject({ kind: 'completion', outcome: 'completed', status: 200 });
  });
});

describe('embeddings', () => {
  it('come in the encoding that the client asks for by itself', async () => {
    const { client } = await startStack();
    const { data, usage } = await client.embeddings.create({ model: MODEL, input: ['one', 'two', 'one'] });
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(data[0]?.embedding).toHaveLength(256);
    expect(data[0]?.embedding).toEqual(data[2]?.embedding);
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
    expect(usage.prompt_tokens).toBeGreaterThan(0);
  });

  it('come as numbers', async () => {
    const { client } = await startStack();
    const call = { model: MODEL, input: 'one', encoding_format: 'float' as const };
    const [whole] = (await client.embeddings.create(call)).data;
    expect(Math.hypot(...(whole?.embedding ?? []))).toBeCloseTo(1);
  });
});

describe('models', () => {
  it('are listed and found, aliases too', async () => {
    const { client } = await startStack({
      intake: { aliases: { 'org/alias': [{ model: MODEL, weight: 1 }] } },
    });
    const listed: string[] = [];
    for await (const model of client.models.list()) listed.push(model.id);
    expect(listed).toEqual([MODEL, 'org/alias']);
    expect(await client.models.retrieve(MODEL)).toMatchObject({ id: MODEL, object: 'model' });
    expect(await client.models.retrieve('org/alias')).toMatchObject({ id: 'org/alias' });
  });

  it('are listed while every engine is dead', async () => {
    const { client, engines } = await startStack({ engines: [[], []] });
    for (const engine of engines) await engine.close();
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([MODEL]);
  });
});

describe('many at once', () => {
  it('all get their own answer, from all engines', async () => {
    const { client, gateway, engines } = await startStack({ engines: [[], [], []], window: 4 });
    const questions = Array.from({ length: 60 }, (_, index) => `Question number ${index}`);
    const ask = async (question: string, index: number) => {
      if (index % 2 === 0) {
        return (await client.chat.completions.create(aChat(question))).choices[0]?.message.content;
      }
      let text = '';
      for await (const chunk of await client.chat.completions.create({ ...aChat(question), stream: true })) {
        text += chunk.choices[0]?.delta.content ?? '';
      }
      return text;
    };
    const together = await Promise.all(questions.map(ask));
    const alone: unknown[] = [];
    for (const question of questions.slice(0, 10)) {
      alone.push((await client.chat.completions.create(aChat(question))).choices[0]?.message.content);
    }
    expect(together.slice(0, 10)).toEqual(alone);
    expect(new Set(together).size).toBeGreaterThan(50);
    for (const { engine } of engines) expect(engine.gauges().requestsFinishedTotal).toBeGreaterThan(5);
    expect(gateway.held()).toBe(0);
    expect(gateway.observer.records.every(({ outcome }) => outcome === 'completed')).toBe(true);
  });
});
