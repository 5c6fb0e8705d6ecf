/** The two WebSocket doors, for a server that hands connections over. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TaskApiParts } from '../parts.ts';
import { EventSockets } from './event-socket.ts';
import { ResultSockets } from './result-socket.ts';

export interface UpgradeRoute {
  readonly path: string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface TaskSockets {
  readonly routes: readonly UpgradeRoute[];
  close(): void;
}

const GOING_AWAY = 1001;

export function createTaskSockets(parts: TaskApiParts): TaskSockets {
  const server = new WebSocketServer({ noServer: true, maxPayload: parts.limits.maxBodyBytes });
  const results = new ResultSockets(parts, globalThis);
  const events = new EventSockets(parts);
  const route = (path: string, accept: (socket: WebSocket) => void): UpgradeRoute => ({
    path,
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (opened) => {
        // A connection that breaks is reported by its end.
        opened.on('error', () => undefined);
        accept(opened);
      });
    },
  });
  return {
    routes: [
      route('/ws/result_submit', (socket) => results.accept(socket)),
      route('/ws/task_events', (socket) => events.accept(socket)),
    ],
    close() {
      for (const socket of server.clients) socket.close(GOING_AWAY, 'Shutting down');
      server.close();
    },
  };
}
