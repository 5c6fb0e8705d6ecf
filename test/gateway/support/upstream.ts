/** An engine's HTTP server under a test's full control: each call is handed to a script. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface UpstreamCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Milliseconds of `performance.now()` at which the gateway let go of the call; `undefined` while it has not. */
  abortedAtMs: number | undefined;
}

export type Script = (response: ServerResponse, call: UpstreamCall) => void;

export interface Upstream {
  readonly url: string;
  readonly calls: UpstreamCall[];
  /** What answers from now on. */
  script: Script;
  readonly openSockets: number;
  close(): Promise<void>;
}

export async function startUpstream(script: Script): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const calls: UpstreamCall[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const upstream = {
    calls,
    script,
    url: '',
    get openSockets() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call: UpstreamCall = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: Buffer.concat(chunks),
      abortedAtMs: undefined,
    };
    response.on('error', () => {});
    response.on('close', () => {
      if (!response.writableFinished) call.abortedAtMs = performance.now();
    });
    calls.push(call);
    upstream.script(response, call);
  }

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return upstream;
}

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Script {
  return (response) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(text);
  };
}

export function token(text: string, finishReason: string | null = null): string {
  const choice = { index: 0, delta: { content: text }, finish_reason: finishReason };
  return `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', choices: [choice] })}\n\n`;
}

export const DONE = 'data: [DONE]\n\n';

/** Writes these pieces as an event stream, one per turn of the event loop, and then leaves it open. */
export function openStream(pieces: readonly string[]): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    writeInTurn(response, pieces, () => {});
  };
}

/** Writes these pieces as an event stream and ends it. */
export function stream(pieces: readonly string[]): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    writeInTurn(response, pieces, () => response.end());
  };
}

/** Writes these pieces as an event stream and then breaks the connection. */
export function brokenStream(pieces: readonly string[]): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    writeInTurn(response, pieces, () => response.socket?.destroy());
  };
}

function writeInTurn(response: ServerResponse, pieces: readonly string[], then: () => void): void {
  const [first, ...rest] = pieces;
  if (first === undefined) {
    then();
    return;
  }
  response.write(first, () => setImmediate(writeInTurn, response, rest, then));
}
