/** Connections that leave HTTP (WebSockets) on the control listener: the same guards as for any call, then the room that owns the path. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SignalboxError, toOpenAiError } from '../domain/index.ts';

/** A path that other rooms upgrade connections on. */
export interface UpgradeRoute {
  readonly path: string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Answered by `guarded` to what its guards let through. */
export const LET_THROUGH = 204;

/** @param guarded an app with nothing but the listener's guards, that answers `LET_THROUGH` to the rest */
export function handleUpgrades(server: Server, routes: readonly UpgradeRoute[], guarded: OpenAPIHono): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    void admit(request).then(
      (refusal) => {
        if (refusal === undefined) routeOf(request)!.upgrade(request, socket, head);
        else refuse(socket, refusal.status, refusal.body);
      },
      () => socket.destroy(),
    );
  });

  const routeOf = ({ url = '/' }: IncomingMessage) =>
    routes.find(({ path }) => path === url.split('?', 1)[0]);

  async function admit(request: IncomingMessage) {
    if (routeOf(request) === undefined) {
      const error = new SignalboxError('unknown_path', `${request.url} takes no WebSocket.`);
      return { status: error.status, body: JSON.stringify(toOpenAiError(error)) };
    }
    // A browser opens sockets to other sites without asking, so it counts as a call that changes something.
    const answer = await guarded.request(request.url ?? '/', {
      method: 'POST',
      headers: headersOf(request),
    });
    return answer.status === LET_THROUGH ? undefined : { status: answer.status, body: await answer.text() };
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function refuse(socket: Duplex, status: number, body: string): void {
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
