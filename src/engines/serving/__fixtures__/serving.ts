/** Servers to test against, and clients that read what they say. */

import { createConnection } from 'node:net';
import { createParser } from 'eventsource-parser';
import { onTestFinished } from 'vitest';
import { findProfile } from '../../../enginemodel/index.ts';
import { SimulatedEngine } from '../../simulated/simulated-engine.ts';
import type { EngineServerOptions } from '../server.ts';
import { createEngineServer } from '../server.ts';
import type { GenerationEvent, GenerationRequest, TokenEngine } from '../token-engine.ts';

export const MODEL = 'test-model';

/** A simulated engine, a thousand times faster than real, so that tests wait for sockets only. */
export function aFastEngine(speed = 1000): SimulatedEngine {
  return new SimulatedEngine({ profile: findProfile('llama-3-8b@h100'), model: MODEL, speed });
}

/** A running server, closed when the test is over. */
export async function aServer(options: Partial<EngineServerOptions> = {}) {
  const server = createEngineServer({ engine: aFastEngine(), dialect: 'vllm', ...options });
  onTestFinished(() => server.close());
  const url = await server.listen();
  return { url, server };
}

export const endOf = (
  finishReason: 'stop' | 'length' | 'abort',
  completionTokens: number,
): GenerationEvent => ({
  type: 'end',
  finishReason,
  promptTokens: 7,
  cachedTokens: 3,
  completionTokens,
});

/** An engine that says what a test tells it to; everything else is the simulated engine's. */
export function scripted(
  generate: (request: GenerationRequest) => AsyncIterable<GenerationEvent>,
  changes: Partial<TokenEngine> = {},
): TokenEngine {
  return {
    modelNames: [MODEL],
    maxModelTokens: 1000,
    generate,
    embed: async () => ({ embedding: [0.5, -1], promptTokens: 2 }),
    countTokens: (text) => text.length,
    gauges: () => aFastEngine().gauges(),
    close: async () => undefined,
    ...changes,
  };
}

export function post(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'application/json' }, ...init });
}

export const chat = (url: string, body: object = {}, init: RequestInit = {}) =>
  post(
    `${url}/v1/chat/completions`,
    { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], ...body },
    init,
  );

export const complete = (url: string, body: object = {}, init: RequestInit = {}) =>
  post(`${url}/v1/completions`, { model: MODEL, prompt: 'Once upon a time', ...body }, init);

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

/** A chunk or an answer, as far as tests look at it. */
export interface Completion {
  id: string;
  object: string;
  model: string;
  created: number;
  /** An error frame has none. */
  choices: {
    index: number;
    finish_reason: string | null;
    text?: string;
    delta?: { role?: string; content?: string };
    message?: { role: string; content: string };
  }[];
  usage?: Usage;
  error?: { message: string; type: string; code: number; param: string | null };
}

export const json = async (response: Promise<Response>) => (await (await response).json()) as Completion;

/** The data of each event of a stream, `[DONE]` included, and the JSON of all others. */
export async function readStream(response: Response) {
  const data: string[] = [];
  const parser = createParser({ onEvent: (event) => data.push(event.data) });
  parser.feed(await response.text());
  const chunks = data.filter((item) => item !== '[DONE]').map((item) => JSON.parse(item) as Completion);
  const text = chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? choices?.[0]?.text ?? '').join('');
  return { data, chunks, text };
}

/** Sends bytes as they are and collects what comes until the server closes the connection. */
export function rawExchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = createConnection({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (piece) => {
      received += String(piece);
    });
    socket.on('error', reject).on('close', () => resolve(received));
  });
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
