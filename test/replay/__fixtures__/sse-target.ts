/** A small target that speaks the streaming part of OpenAI's API, with the delays and the misbehaviour a test asks for. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The request as it came in. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: ChatBody;
  /** `performance.now()` once it was read. */
  readonly atMs: number;
}

export interface ChatBody {
  readonly model: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly prompt?: string;
  readonly max_tokens: number;
  readonly ignore_eos?: boolean;
  readonly stream: boolean;
  readonly stream_options?: { readonly include_usage: boolean };
  readonly user?: string;
}

export type Behaviour = (request: SeenRequest, response: ServerResponse, index: number) => unknown;

export interface SseTarget {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Requests whose client went away before their answer ended. */
  readonly droppedByClient: () => number;
  close(): Promise<void>;
}

export interface TargetOptions {
  readonly models?: readonly string[];
  /** Answers `/v1/models` instead of the list. */
  readonly modelsAnswer?: (response: ServerResponse) => void;
  readonly basePath?: string;
}

export async function startSseTarget(behave: Behaviour, options: TargetOptions = {}): Promise<SseTarget> {
  const { models = ['tiny'], basePath = '' } = options;
  const seen: SeenRequest[] = [];
  let dropped = 0;
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (path === `${basePath}/v1/models`) {
      if (options.modelsAnswer !== undefined) return options.modelsAnswer(response);
      return response.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id })) }));
    }
    response.on('close', () => {
      if (!response.writableFinished) dropped += 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ChatBody;
    const one = { path, headers: request.headers, body, atMs: performance.now() };
    seen.push(one);
    return behave(one, response, seen.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${basePath}`,
    seen,
    droppedByClient: () => dropped,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface StreamScript {
  readonly firstTokenMs?: number;
  readonly perTokenMs?: number;
  /** Tokens to send; as many as were asked for by default. */
  readonly tokens?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly usage?: Readonly<Record<string, unknown>> | null;
}

/** A well-behaved answer: comments and a role first, then tokens, then usage and the end. */
export function streaming(script: StreamScript = {}): Behaviour {
  return async ({ body, path }, response) => {
    const { firstTokenMs = 0, perTokenMs = 0, tokens = body.max_tokens, headers = {} } = script;
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    response.write(': queued position=1\n\n');
    if (path.endsWith('/chat/completions'))
      response.write(frame({ delta: { role: 'assistant', content: '' } }));
    await sleep(firstTokenMs);
    for (let index = 0; index < tokens; index += 1) {
      if (index > 0 && perTokenMs > 0) await sleep(perTokenMs);
      response.write(
        frame(path.endsWith('/chat/completions') ? { delta: { content: ' hi' } } : { text: ' hi' }),
      );
    }
    const usage = script.usage === undefined ? { prompt_tokens: 7, completion_tokens: tokens } : script.usage;
    if (usage !== null) response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
    response.end('data: [DONE]\n\n');
  };
}

export function frame(choice: Readonly<Record<string, unknown>>): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }], usage: null })}\n\n`;
}
