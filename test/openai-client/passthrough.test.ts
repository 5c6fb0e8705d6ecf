/** Calls that Signalbox does not look into reach the engine as the client wrote them, and its answers come back alike. */

import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { openSandbox } from '../gateway/support/sandbox.ts';
import { json, stream } from '../gateway/support/upstream.ts';
import { aClient } from './support/stack.ts';

const sandbox = openSandbox();

const ALIASES = { intake: { aliases: { mine: [{ model: 'm', weight: 1 }] } } };

describe('the Responses API', () => {
  const response = { id: 'r1', object: 'response', output: [], status: 'completed' };

  it('passes', async () => {
    const [gateway, upstream] = await sandbox.pair(json(response));
    const call = {
      model: 'm',
      input: 'Hello!',
      max_output_tokens: 20,
      reasoning: { effort: 'low' as const },
    };
    expect(await aClient(gateway).responses.create(call)).toMatchObject({ id: 'r1', status: 'completed' });
    expect(upstream.calls[0]).toMatchObject({ method: 'POST', path: '/v1/responses' });
    expect(upstream.calls[0]!.body.toString()).toBe(JSON.stringify(call));
    expect(gateway.observer.record).toMatchObject({ kind: 'other', model: 'm', outcome: 'completed' });
  });

  it('streams', async () => {
    const events = [
      { type: 'response.created', response },
      { type: 'response.output_text.delta', delta: 'Hi' },
      { type: 'response.completed', response },
    ];
    const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    const [gateway] = await sandbox.pair(stream(frames));
    const types: string[] = [];
    for await (const event of await aClient(gateway).responses.create({
      model: 'm',
      input: 'x',
      stream: true,
    })) {
      types.push(event.type);
    }
    expect(types).toEqual(events.map(({ type }) => type));
  });
});

describe('sound', () => {
  it('is sent as a form, the model’s alias replaced and nothing else', async () => {
    const [gateway, upstream] = await sandbox.pair(json({ text: 'Hello.' }), ALIASES);
    const sound = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256));
    const file = new File([sound], 'speech "one".wav', { type: 'audio/wav' });
    const result = await aClient(gateway).audio.transcriptions.create({
      model: 'mine',
      file,
      language: 'en',
    });
    expect(result.text).toBe('Hello.');
    const [call] = upstream.calls;
    expect(call!.path).toBe('/v1/audio/transcriptions');
    const received = await new Response(call!.body, {
      headers: { 'content-type': call!.headers['content-type'] as string },
    }).formData();
    expect(received.get('model')).toBe('m');
    expect(received.get('language')).toBe('en');
    const arrived = received.get('file') as File;
    expect(Buffer.from(await arrived.arrayBuffer()).equals(sound)).toBe(true);
    expect(gateway.observer.record).toMatchObject({ model: 'm', outcome: 'completed' });
  });

  it('is made, as bytes', async () => {
    const [gateway] = await sandbox.pair((answer) => {
      answer.writeHead(200, { 'content-type': 'audio/mpeg' }).end(Buffer.from([0xff, 0xf3, 0x00]));
    });
    const speech = await aClient(gateway).audio.speech.create({
      model: 'm',
      voice: 'alloy',
      input: 'Hello.',
    });
    expect([...new Uint8Array(await speech.arrayBuffer())]).toEqual([0xff, 0xf3, 0x00]);
  });
});

describe('any other call', () => {
  it('passes with its query where its body names a model', async () => {
    const [gateway, upstream] = await sandbox.pair(json({ results: [{ index: 0, relevance_score: 0.5 }] }));
    const body = { model: 'm', query: 'q', documents: ['a'] };
    const answer = await aClient(gateway).post('/rerank', { body, query: { top: 1 } });
    expect(answer).toMatchObject({ results: [{ relevance_score: 0.5 }] });
    expect(upstream.calls[0]).toMatchObject({ path: '/v1/rerank?top=1' });
  });

  it('is refused where it names none', async () => {
    const [gateway, upstream] = await sandbox.pair(json({}));
    const error = await aClient(gateway)
      .post('/something', { body: { input: 'x' } })
      .catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'missing_field', param: 'model' });
    expect(upstream.calls).toHaveLength(0);
  });

  it('is refused where it would change the engine', async () => {
    const [gateway, upstream] = await sandbox.pair(json({}));
    const error = await aClient(gateway)
      .post('/load_lora_adapter', { body: { model: 'm', lora_name: 'x', lora_path: '/tmp' } })
      .catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(upstream.calls).toHaveLength(0);
  });
});

describe('what a chat’s body says', () => {
  it('reaches the engine byte for byte', async () => {
    const completion = { id: 'c', object: 'chat.completion', choices: [], vendor: { extra: [1, 2.5e-7] } };
    const [gateway, upstream] = await sandbox.pair(json(completion));
    const call = {
      model: 'm',
      messages: [{ role: 'user' as const, content: 'é漢🚂 \u0007 "quoted"' }],
      guided_json: { type: 'object', required: ['a'] },
      temperature: 0.30000000000000004,
    };
    expect(await aClient(gateway).chat.completions.create(call)).toMatchObject(completion);
    expect(upstream.calls[0]!.body.toString()).toBe(JSON.stringify(call));
  });

  it('but for the alias', async () => {
    const [gateway, upstream] = await sandbox.pair(json({ choices: [] }), ALIASES);
    const call = { messages: [{ role: 'user' as const, content: 'mine' }], model: 'mine', n: 1 };
    await aClient(gateway).chat.completions.create(call);
    expect(upstream.calls[0]!.body.toString()).toBe(JSON.stringify({ ...call, model: 'm' }));
  });

  it('and the client’s key stays here', async () => {
    const [gateway, upstream] = await sandbox.pair(json({ choices: [] }));
    await aClient(gateway, { apiKey: 'sk-secret' }).chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
    });
    expect(JSON.stringify(upstream.calls[0]!.headers)).not.toContain('sk-secret');
  });
});
