/** An HTTP server that shows a `TokenEngine` to the world as vLLM, SGLang or llama.cpp would. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DialectName } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/index.ts';
import type { Exchange, Serving } from './exchange.ts';
import { FAULTS_PATH, refuseUnfit } from './fault-control.ts';
import { effectOf } from './faults/generate-faults.ts';
import { FaultBoard } from './faults/index.ts';
import { failureOf, sendError, sendJson } from './respond.ts';
import type { Route } from './routes.ts';
import { findRoute, routesOf } from './routes.ts';
import type { TokenEngine } from './token-engine.ts';

export interface EngineServerOptions {
  readonly engine: TokenEngine;
  readonly dialect: DialectName;
  readonly faults?: FaultBoard;
  /** Parallel sequences, shown as llama.cpp's slots. */
  readonly slots?: number;
}

export interface ListenOptions {
  /** 0: a free one. */
  readonly port?: number;
  readonly host?: string;
}

export interface EngineServer {
  /** Base URL; only once it listens. */
  readonly url: string;
  readonly faults: FaultBoard;
  /** Resolves with the base URL. */
  listen(options?: ListenOptions): Promise<string>;
  /** Stops accepting, lets requests in flight go on for `graceMs`, then cuts them off and closes the engine. */
  close(graceMs?: number): Promise<void>;
}

export function createEngineServer(options: EngineServerOptions): EngineServer {
  const { engine, dialect, faults = new FaultBoard(), slots = 1 } = options;
  const serving: Serving = { engine, slots, startedAtMs: Date.now(), dialect: DIALECTS[dialect], faults };
  faults.watch(() => engine.slowDown?.(faults.slowdown));
  for (const fault of faults.active) refuseUnfit(fault, engine);
  engine.slowDown?.(faults.slowdown);
  const routes = routesOf(serving.dialect);
  const server = createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
    res.on('close', () => closeIfLeaving(server));
    void serve(serving, routes, req, res);
  });
  let url = '';
  return {
    faults,
    get url() {
      return url;
    },
    async listen({ port = 0, host = '127.0.0.1' } = {}) {
      url = await listen(server, port, host);
      return url;
    },
    async close(graceMs = 0) {
      await closeWithin(server, graceMs);
      await engine.close();
    },
  };
}

async function serve(
  serving: Serving,
  routes: ReadonlyMap<string, Route>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  res.on('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  const path = pathOf(req);
  const exchange = { serving, req, res, path, signal: gone.signal };
  try {
    await answer(exchange, findRoute(routes, path));
  } catch (error) {
    fail(exchange, error);
  }
}

async function answer(exchange: Exchange, route: Route | undefined): Promise<void> {
  const { serving, req, res, path, signal } = exchange;
  const { dialect } = serving;
  const struck = path.startsWith(FAULTS_PATH) ? undefined : serving.faults.drawForAll();
  if (struck !== undefined) {
    return await effectOf(struck).answer({ fault: struck, res, dialect, isStream: false, signal });
  }
  const handler = route?.[req.method ?? ''];
  if (handler !== undefined) return await handler(exchange);
  const status = route === undefined ? 404 : 405;
  if (route !== undefined) res.setHeader('allow', Object.keys(route).join(', '));
  sendJson(res, status, dialect.unroutedBody(status));
}

/** Where an answer has begun there is no other way left to say that it failed than to break it off. */
function fail({ serving, res, signal }: Exchange, error: unknown): void {
  if (signal.aborted) return;
  if (res.headersSent) res.destroy();
  else sendError(res, serving.dialect, failureOf(error));
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address() as AddressInfo;
      const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${shownHost}:${address.port}`);
    });
  });
}

/** Once it no longer listens, a connection that has got its answer must not stay open for a next request. */
function closeIfLeaving(server: Server): void {
  if (!server.listening) setImmediate(() => server.closeIdleConnections());
}

function closeWithin(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}
