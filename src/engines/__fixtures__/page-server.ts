/** A real HTTP server on loopback whose pages a test decides. */

import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Text, a value to send as JSON, a bare status, or whatever a handler does. */
export type FixturePage = string | object | number | Handler;

export interface PageServer {
  readonly url: string;
  readonly port: number;
  /** The requests so far, as `path` in the order they came. */
  readonly requests: readonly IncomingMessage[];
  /** Sockets open right now. */
  openSockets(): number;
  hits(path: string): number;
  /** Replaces one page. */
  set(path: string, page: FixturePage): void;
  /** Replaces all pages. */
  replaceAll(pages: Readonly<Record<string, FixturePage>>): void;
  close(): Promise<void>;
}

/** Paths that are not among `pages` answer 404. */
export async function startPageServer(
  pages: Readonly<Record<string, FixturePage>>,
  create: (listener: RequestListener) => Server = createServer,
): Promise<PageServer> {
  let current = new Map(Object.entries(pages));
  const requests: IncomingMessage[] = [];
  let open = 0;
  const server = create((request, response) => {
    requests.push(request);
    answer(current.get(request.url ?? '') ?? 404, request, response);
  });
  server.on('connection', (socket) => {
    open++;
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    openSockets: () => open,
    hits: (path) => requests.filter((request) => request.url === path).length,
    set: (path, page) => void current.set(path, page),
    replaceAll: (all) => {
      current = new Map(Object.entries(all));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(page: FixturePage, request: IncomingMessage, response: ServerResponse): void {
  if (typeof page === 'function') return page(request, response);
  if (typeof page === 'number') response.writeHead(page).end();
  else if (typeof page === 'string') response.writeHead(200, { 'content-type': 'text/plain' }).end(page);
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
}

/** A metrics page recorded in the manner of a real engine, by its file's name. */
export function metricsFixture(name: string): string {
  return readFileSync(new URL(`metrics/${name}.prom`, import.meta.url), 'utf8');
}

/** Waits until `isSo` holds; real I/O has no other way. */
export async function until(isSo: () => boolean, what: string, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
