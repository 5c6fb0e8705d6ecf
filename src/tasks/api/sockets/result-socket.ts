/** `WS /ws/result_submit`: a task instance registers by its id and sends results over one connection. */

import type { RawData, WebSocket } from 'ws';
import type { Timers } from '../../../scheduler/index.ts';
import { type Completion, complete, refusal } from '../calls/results.ts';
import { isObject } from '../fields/checks.ts';
import type { TaskApiParts } from '../parts.ts';
import { MAX_RESULT_SOCKETS } from './socket-stats.ts';

const REGISTRATION_LIMIT_MS = 10_000;
const POLICY_VIOLATION = 1008;
const NORMAL = 1000;

type Message = Readonly<Record<string, unknown>>;

/** The sockets of all task instances: one for each id. */
export class ResultSockets {
  readonly #parts: TaskApiParts;
  readonly #timers: Timers;
  readonly #byInstance = new Map<string, WebSocket>();

  constructor(parts: TaskApiParts, timers: Timers) {
    this.#parts = parts;
    this.#timers = timers;
  }

  accept(socket: WebSocket): void {
    if (this.#byInstance.size >= MAX_RESULT_SOCKETS) {
      this.#refuse(socket, `Maximum connections (${MAX_RESULT_SOCKETS}) reached`);
      return;
    }
    const timer = this.#timers.setTimeout(
      () => this.#refuse(socket, 'Registration timeout'),
      REGISTRATION_LIMIT_MS,
    );
    socket.once('close', () => this.#timers.clearTimeout(timer as never));
    socket.once('message', (data) => {
      this.#timers.clearTimeout(timer as never);
      this.#register(socket, parse(data));
    });
  }

  #refuse(socket: WebSocket, reason: string): void {
    this.#parts.sockets.rejected++;
    socket.close(POLICY_VIOLATION, reason);
  }

  #register(socket: WebSocket, message: Message | undefined): void {
    if (message?.type !== 'register') return this.#refuse(socket, 'First message must be registration');
    const { instance_id: instanceId } = message;
    if (typeof instanceId !== 'string' || instanceId === '') {
      return this.#refuse(socket, 'instance_id required');
    }
    const { sockets } = this.#parts;
    this.#byInstance.get(instanceId)?.close(NORMAL, 'Replaced by new connection');
    this.#byInstance.set(instanceId, socket);
    sockets.registrations++;
    sockets.resultConnections = this.#byInstance.size;
    socket.once('close', () => {
      sockets.unregistrations++;
      if (this.#byInstance.get(instanceId) === socket) this.#byInstance.delete(instanceId);
      sockets.resultConnections = this.#byInstance.size;
    });
    send(socket, { type: 'registered', instance_id: instanceId, message: 'Registration successful' });
    // One after the other: answers come in the order of the results.
    let turn = Promise.resolve();
    socket.on('message', (data) => {
      turn = turn.then(() => this.#answer(socket, instanceId, parse(data)));
    });
  }

  async #answer(socket: WebSocket, instanceId: string, message: Message | undefined): Promise<void> {
    if (message === undefined) return send(socket, { type: 'error', error: 'Messages are JSON objects' });
    switch (message.type) {
      case 'ping':
        return send(socket, { type: 'pong' });
      case 'task_ack':
        return;
      case 'result':
        return send(socket, await this.#acknowledge(instanceId, message));
      case 'batch':
        for (const each of Array.isArray(message.messages) ? message.messages : []) {
          send(socket, await this.#acknowledge(instanceId, isObject(each) ? each : {}));
        }
        return;
      default:
        return send(socket, { type: 'error', message: `Unknown message type: ${String(message.type)}` });
    }
  }

  async #acknowledge(instanceId: string, message: Message): Promise<Message> {
    const taskId = typeof message.task_id === 'string' ? message.task_id : 'unknown';
    const ack = (success: boolean, text: string) =>
      ({ type: 'ack', task_id: taskId, success, message: text }) as const;
    const completion = completionOf(message, instanceId);
    if (completion === undefined) return ack(false, 'Missing required fields');
    try {
      const outcome = await complete(this.#parts, completion);
      if (outcome.type === 'accepted') {
        return ack(true, `Result received (total_time: ${outcome.totalMs.toFixed(3)}ms)`);
      }
      if (outcome.type === 'unknown-task') return ack(false, `Task ${taskId} not found`);
      return ack(false, refusal(outcome, completion));
    } catch (error) {
      return ack(false, `Processing error: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** The id that the connection registered counts where a message names none. */
function completionOf(message: Message, registeredId: string): Completion | undefined {
  const { task_id, execution_time, result, error, instance_id = registeredId } = message;
  const isWhole =
    typeof task_id === 'string' &&
    typeof execution_time === 'number' &&
    isObject(result) &&
    typeof instance_id === 'string';
  if (!isWhole) return undefined;
  return { task_id, execution_time, result, instance_id, ...(typeof error === 'string' && { error }) };
}

function parse(data: RawData): Message | undefined {
  try {
    const value: unknown = JSON.parse(data.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function send(socket: WebSocket, message: Message): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}
