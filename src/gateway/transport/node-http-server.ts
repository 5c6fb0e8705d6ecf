/** The server side of the transport port on `node:http`. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { refuseBadHttp } from './bad-http.ts';
import { NodeHttpExchange } from './node-http-exchange.ts';
import type { Address, Exchange, ServerOptions, ServerTransport } from './port.ts';

export function createNodeHttpServer(
  options: ServerOptions,
  onExchange: (exchange: Exchange) => void,
): ServerTransport {
  /** The last call on each connection. */
  const underWay = new WeakMap<object, NodeHttpExchange>();
  const server = createServer({
    maxHeaderSize: options.maxHeaderBytes,
    headersTimeout: options.headTimeoutMs,
    // Bodies are timed by the exchange, which can answer in our own words.
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.max(50, Math.min(1000, options.headTimeoutMs / 4)),
    noDelay: true,
  });
  server.on('request', (request, response) => {
    const exchange = new NodeHttpExchange(request, response, options, false);
    underWay.set(request.socket, exchange);
    onExchange(exchange);
  });
  server.on('checkContinue', (request, response) => {
    const exchange = new NodeHttpExchange(request, response, options, true);
    underWay.set(request.socket, exchange);
    onExchange(exchange);
  });
  server.on('clientError', (error, socket) => {
    refuseBadHttp(error, socket, underWay.get(socket)?.hasBegun === true);
  });
  return new NodeHttpServer(server);
}

const IDLE_SWEEP_MS = 20;

class NodeHttpServer implements ServerTransport {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  async listen(address: Address): Promise<Address> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(address.port, address.host, resolve);
    await promise;
    this.#server.off('error', reject);
    const bound = this.#server.address() as AddressInfo;
    return { host: bound.address, port: bound.port };
  }

  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      // Connections may become idle later, when the answers on them are over.
      const sweep = setInterval(() => this.#server.closeIdleConnections(), IDLE_SWEEP_MS);
      this.#server.close(() => {
        clearInterval(sweep);
        resolve();
      });
    });
  }

  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
