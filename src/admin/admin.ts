/** The control listener: what operators, Prometheus and scripts call. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { SignalboxError, toOpenAiError } from '../domain/index.ts';
import { createAdminApp, createGuards, DEFAULT_HOST } from './app.ts';
import { requireSafeBinding } from './guards/binding.ts';
import type { AdminOptions } from './options.ts';
import { handleUpgrades } from './upgrades.ts';

export interface Admin {
  /** Opens the socket; the result is the address to call. */
  listen(): Promise<string>;
  /** `http://127.0.0.1:8081`, once it listens. */
  readonly url: string | undefined;
  /** Takes no more calls; those that run get a moment to finish. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 8081;
/** How long calls that run may take after `close`, milliseconds. */
const CLOSE_GRACE_MS = 1000;

/** A listener for these options; refuses to be reachable by other machines without a token. */
export function createAdmin(options: AdminOptions): Admin {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, token, isInsecure } = options;
  requireSafeBinding({ host, token, isInsecure });
  const app = createAdminApp(options);
  // Load balancers ask in HTTP/1.0, where no host has to be named.
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: 'localhost' });
  const server = createServer({ requireHostHeader: false }, listener);
  server.on('clientError', answerBadHttp);
  if (options.upgrades !== undefined) handleUpgrades(server, options.upgrades, createGuards(options));
  let url: string | undefined;
  return {
    get url() {
      return url;
    },
    async listen() {
      url = await listenOn(server, host, port);
      return url;
    },
    async close() {
      url = undefined;
      await closeServer(server);
    },
  };
}

function listenOn(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () => {
      server.off('error', reject);
      const { address, family, port: bound } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What node's HTTP parser refuses never reaches a route; it still gets an answer in our shape. */
function answerBadHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const failure = BAD_HTTP[error.code ?? ''] ?? new SignalboxError('bad_http', 'This is not valid HTTP.');
  const body = JSON.stringify(toOpenAiError(failure));
  socket.end(
    `HTTP/1.1 ${failure.status} Refused\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const BAD_HTTP: Readonly<Record<string, SignalboxError>> = {
  HPE_HEADER_OVERFLOW: new SignalboxError(
    'headers_too_large',
    'The request line and headers are too large; allowed are 16 KiB.',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new SignalboxError('request_timeout', 'The request took too long to arrive.'),
};
