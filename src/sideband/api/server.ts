/** The select API on a listener of its own, where load balancers look for it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ApiAnswer, detail } from './answer.ts';
import {
  EXPLAIN_HEADER,
  MAX_BODY_BYTES,
  type RouteCall,
  SELECT_ROUTES,
  type SelectRoute,
  tooLarge,
} from './routes.ts';
import type { SelectApi } from './select-api.ts';

export interface SelectServerOptions {
  readonly api: SelectApi;
  /** Default `127.0.0.1`: whoever may ask may also see what runs where. */
  readonly host?: string;
  /** Default 8080; 0 for any free port. */
  readonly port?: number;
  /** Told of failures that are nobody's mistake but ours. */
  readonly onInternalError?: (error: unknown) => void;
}

export interface SelectServer {
  /** Opens the socket; the result is the address to call. */
  listen(): Promise<string>;
  /** Takes no more calls; those that run finish. */
  close(): Promise<void>;
}

export const DEFAULT_SELECT_HOST = '127.0.0.1';
export const DEFAULT_SELECT_PORT = 8080;

export function createSelectServer(options: SelectServerOptions): SelectServer {
  const { api, host = DEFAULT_SELECT_HOST, port = DEFAULT_SELECT_PORT, onInternalError } = options;
  // Programs on load balancers write their requests by hand, and some of them name no host.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    handle(api, request).then(
      (answer) => send(response, answer),
      (error: unknown) => {
        const callerLeft = request.destroyed && !request.complete;
        if (!callerLeft) onInternalError?.(error);
        send(response, detail(500, 'Internal Server Error'));
      },
    );
  });
  server.on('clientError', answerBadHttp);
  return {
    listen: () => listenOn(server, host, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function handle(api: SelectApi, request: IncomingMessage): Promise<ApiAnswer> {
  const url = URL.parse(request.url ?? '/', 'http://select.invalid');
  if (url === null) return badHttp();
  const { pathname, searchParams } = url;
  const matches = SELECT_ROUTES.flatMap((route) => {
    const params = matchPath(route.path, pathname);
    return params === undefined ? [] : [{ route, params }];
  });
  if (matches.length === 0) return detail(404, 'Not Found');
  const found = matches.find(({ route }) => route.method.toUpperCase() === request.method);
  if (found === undefined) return wrongMethod(matches.map(({ route }) => route));
  const body = found.route.method === 'post' ? await readBody(request) : '';
  if (body === undefined) return tooLarge();
  const call: RouteCall = {
    params: found.params,
    query: searchParams,
    body,
    wantsReason: request.headers[EXPLAIN_HEADER] !== undefined,
  };
  return found.route.answer(api, call);
}

function badHttp(): ApiAnswer {
  return detail(400, 'Invalid HTTP request received.');
}

function wrongMethod(routes: readonly SelectRoute[]): ApiAnswer {
  const allow = routes.map(({ method }) => method.toUpperCase()).join(', ');
  return { ...detail(405, 'Method Not Allowed'), headers: { allow } };
}

/** The named segments of `path`, decoded; `undefined` when it does not fit the pattern. */
function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const segments = path.split('/');
  if (wanted.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, segment] of wanted.entries()) {
    const found = segments[i]!;
    if (!segment.startsWith(':')) {
      if (segment !== found) return undefined;
    } else {
      if (found === '') return undefined;
      params[segment.slice(1)] = decoded(found);
    }
  }
  return params;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** `undefined` as soon as it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return length > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

/** Headers and body leave in one write: a load balancer may read only once. */
function send(response: ServerResponse, { status, contentType, body, headers }: ApiAnswer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function answerBadHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { body, contentType } = badHttp();
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
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
