/** An OpenAI-compatible engine to test against, whose every answer the test decides. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EngineCall {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
}

export interface EngineAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface JsonEngine {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly EngineCall[];
  /** Calls whose caller went away before the answer. */
  readonly aborted: number;
  readonly mostAtOnce: number;
  close(): Promise<void>;
}

/** @param answer `undefined` leaves the call without an answer */
export async function startJsonEngine(
  answer: (call: EngineCall, number: number) => EngineAnswer | undefined | Promise<EngineAnswer | undefined>,
  models: readonly string[] = ['model-x'],
): Promise<JsonEngine> {
  const calls: EngineCall[] = [];
  let aborted = 0;
  let open = 0;
  let mostAtOnce = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      const isListing = request.url === '/v1/models';
      response.writeHead(isListing ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id, object: 'model' })) }));
      return;
    }
    open++;
    mostAtOnce = Math.max(mostAtOnce, open);
    response.on('close', () => {
      open--;
      if (!response.writableFinished) aborted++;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as EngineCall['body'];
    const call = { path: request.url ?? '', body, headers: request.headers };
    calls.push(call);
    const given = await answer(call, calls.length);
    if (given === undefined) return;
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...given.headers });
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? ANSWER));
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    get aborted() {
      return aborted;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ANSWER = {
  choices: [{ text: 'fine' }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
};
