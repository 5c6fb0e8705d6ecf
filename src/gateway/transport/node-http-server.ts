/** The server side of the transport port on `node:http`. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { refuseBadHttp, refuseHosts } from './bad-http.ts';
import { NodeHttpExchange } from './node-http-exchange.ts';
import type { Address, Exchange, ServerOptions, ServerTransport } from './port.ts';

export function createNodeHttpServer(
  options: ServerOptions,
  onExchange: (exchange: Exchange) => void,
): ServerTransport {
  const server = createServer({
    maxHeaderSize: options.maxHeaderBytes,
    headersTimeout: options.headTimeoutMs,
    // Bodies are timed by the exchange, which can answer in our own words.
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.max(50, Math.min(1000, options.headTimeoutMs / 4)),
    noDelay: true,
    // Node would answer without saying why.
    requireHostHeader: false,
  });
  const connections = new Connections();
  const onRequest = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    const exchange = new NodeHttpExchange(request, response, options, expectsContinue);
    connections.begin(request.socket, exchange, response);
    const hosts = countHosts(request);
    if (hosts === 1 || (hosts === 0 && request.httpVersion !== '1.1')) onExchange(exchange);
    else refuseHosts(response, hosts);
  };
  server.on('connection', (socket) => connections.add(socket));
  server.on('request', (request, response) => onRequest(request, response, false));
  server.on('checkContinue', (request, response) => onRequest(request, response, true));
  server.on('clientError', (error, socket) => {
    refuseBadHttp(error, socket, connections.isAnswering(socket as Socket));
  });
  return new NodeHttpServer(server, connections);
}

/** Of several, `request.headers` shows only the first, and a proxy before us may have gone by another. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

/** The open connections, each with its exchanges; with pipelining there may be several. */
class Connections {
  // Lists of mostly one, and not sets: what churns in a set is kept from being collected by the copies that it leaves behind.
  readonly #exchanges = new Map<Socket, NodeHttpExchange[]>();
  #closesIdle = false;

  get sockets(): Iterable<Socket> {
    return this.#exchanges.keys();
  }

  get size(): number {
    return this.#exchanges.size;
  }

  add(socket: Socket): void {
    const exchanges: NodeHttpExchange[] = [];
    this.#exchanges.set(socket, exchanges);
    // Not the response's own event: a pipelined response that still waits for its turn has none.
    socket.once('close', () => {
      this.#exchanges.delete(socket);
      for (const exchange of exchanges) exchange.onConnectionClosed();
    });
  }

  begin(socket: Socket, exchange: NodeHttpExchange, response: ServerResponse): void {
    const exchanges = this.#exchanges.get(socket);
    if (exchanges === undefined) return;
    exchanges.push(exchange);
    response.once('finish', () => {
      exchanges.splice(exchanges.indexOf(exchange), 1);
      if (this.#closesIdle && exchanges.length === 0) socket.destroySoon();
    });
  }

  /** Closes the connections without a call, now and from now on. */
  closeIdle(): void {
    this.#closesIdle = true;
    for (const [socket, exchanges] of this.#exchanges) if (exchanges.length === 0) socket.destroySoon();
  }

  isAnswering(socket: Socket): boolean {
    for (const exchange of this.#exchanges.get(socket) ?? []) if (exchange.hasBegun) return true;
    return false;
  }
}

class NodeHttpServer implements ServerTransport {
  readonly #server: Server;
  readonly #connections: Connections;

  constructor(server: Server, connections: Connections) {
    this.#server = server;
    this.#connections = connections;
  }

  get openConnections(): number {
    return this.#connections.size;
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
      this.#server.close(() => resolve());
      // Node's own notion of idle leaves out connections over which no call has come yet.
      this.#connections.closeIdle();
    });
  }

  destroyConnections(): void {
    for (const socket of this.#connections.sockets) socket.destroy();
  }
}
