/** `WS /ws/task_events`: pushes each task that completed to whoever listens. */

import type { WebSocket } from 'ws';
import { isFinal } from '../../task.ts';
import type { TaskApiParts } from '../parts.ts';
import { recordView } from '../task-json.ts';

/** A listener that is this far behind is let go: what it would be sent is kept in memory until it reads. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
const TRY_AGAIN_LATER = 1013;

export class EventSockets {
  readonly #parts: TaskApiParts;
  readonly #sockets = new Set<WebSocket>();
  #stopWatching: (() => void) | undefined;

  constructor(parts: TaskApiParts) {
    this.#parts = parts;
  }

  accept(socket: WebSocket): void {
    this.#sockets.add(socket);
    this.#count();
    socket.on('message', (data) => {
      if (data.toString() === 'ping') socket.send('pong');
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#count();
    });
  }

  /** Watches only while somebody listens: a completed task is read again to be shown. */
  #count(): void {
    this.#parts.sockets.eventConnections = this.#sockets.size;
    if (this.#sockets.size === 0) {
      this.#stopWatching?.();
      this.#stopWatching = undefined;
    } else {
      this.#stopWatching ??= this.#parts.service.subscribe(({ taskId, state }) => {
        if (isFinal(state)) void this.#push(taskId).catch(() => undefined);
      });
    }
  }

  async #push(taskId: string): Promise<void> {
    const task = await this.#parts.service.get(taskId);
    if (task === undefined) return;
    const data = { ...recordView(task), replica_id: null };
    const message = JSON.stringify({ event: `task_${task.state}`, data });
    for (const socket of this.#sockets) {
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.close(TRY_AGAIN_LATER, 'Too slow');
      else socket.send(message);
    }
  }
}
