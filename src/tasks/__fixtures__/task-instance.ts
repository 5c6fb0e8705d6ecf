/** A task instance to test against: speaks `/info` and `/queue/submit`, works for a while, and reports back; fails on demand, and records what ran at once. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedTask {
  readonly task_id: string;
  readonly model_name: string;
  readonly task_input: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Report {
  readonly taskId: string;
  readonly reporter: string;
  readonly executionMs: number;
  readonly result: unknown;
}

/** What `/queue/submit` does. */
export type SubmitMode =
  | { readonly type: 'work' }
  /** Takes the task and never says anything of it again. */
  | { readonly type: 'swallow' }
  | { readonly type: 'refuse'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answers nothing. */
  | { readonly type: 'hang' };

export interface TaskInstanceOptions {
  readonly model?: string | null;
  readonly replicas?: number;
  readonly status?: string;
  /** How long a task takes, milliseconds. */
  readonly workMs?: number | ((task: ReceivedTask) => number);
  readonly result?: (task: ReceivedTask) => unknown;
  /** Tasks worked on at a time; the rest waits inside. */
  readonly parallel?: number;
  /** Where its reports go; without it nobody hears of them. */
  readonly report?: (report: Report) => Promise<unknown>;
  readonly port?: number;
  readonly mode?: SubmitMode;
}

export interface SimulatedTaskInstance {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** `host:port`, as it calls itself in its reports. */
  readonly name: string;
  mode: SubmitMode;
  model: string | null;
  replicas: number;
  status: string;
  /** Every task that it took, in order; one that came twice is there twice. */
  readonly received: readonly ReceivedTask[];
  /** Of every submission, in order. */
  readonly traceparents: readonly unknown[];
  readonly submissions: number;
  /** The most tasks that were in its hands at a time. */
  readonly mostAtOnce: number;
  readonly held: number;
  /** Breaks every connection, forgets everything, and is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export async function startTaskInstance(options: TaskInstanceOptions = {}): Promise<SimulatedTaskInstance> {
  const { workMs = 0, parallel = Number.POSITIVE_INFINITY, report, result = echo } = options;
  const received: ReceivedTask[] = [];
  const traceparents: unknown[] = [];
  const waiting: ReceivedTask[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const held = new Set<string>();
  let working = 0;
  let mostAtOnce = 0;
  let submissions = 0;
  let isDead = false;

  function take(task: ReceivedTask): void {
    received.push(task);
    held.add(task.task_id);
    mostAtOnce = Math.max(mostAtOnce, held.size);
    if (instance.mode.type === 'swallow') return;
    waiting.push(task);
    work();
  }

  function work(): void {
    while (working < parallel && waiting.length > 0) {
      const task = waiting.shift()!;
      working++;
      const tookMs = typeof workMs === 'number' ? workMs : workMs(task);
      const timer = setTimeout(() => {
        timers.delete(timer);
        working--;
        if (isDead) return;
        held.delete(task.task_id);
        const told = { taskId: task.task_id, reporter: name, executionMs: tookMs, result: result(task) };
        void report?.(told).catch(() => undefined);
        work();
      }, tookMs);
      timers.add(timer);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/info') {
      send(response, 200, {
        deployed_model:
          instance.model === null ? null : { model_name: instance.model, replicas: instance.replicas },
        queue_info: { length_of_queue: held.size },
        instance_status: instance.status,
      });
      return;
    }
    if (request.method !== 'POST' || request.url !== '/queue/submit') {
      send(response, 404, { detail: 'Not Found' });
      return;
    }
    submissions++;
    traceparents.push(request.headers.traceparent);
    const task = JSON.parse(await bodyOf(request)) as ReceivedTask;
    const { mode } = instance;
    if (mode.type === 'hang') return;
    if (mode.type === 'refuse') {
      send(response, mode.status, { detail: 'refused' }, mode.headers);
      return;
    }
    take(task);
    send(response, 200, { task_id: task.task_id });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const port = await listen(server, options.port ?? 0);
  const host = '127.0.0.1';
  const name = `${host}:${port}`;

  async function kill(): Promise<void> {
    isDead = true;
    for (const timer of timers) clearTimeout(timer);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  const instance: SimulatedTaskInstance = {
    host,
    port,
    url: `http://${name}`,
    name,
    mode: options.mode ?? { type: 'work' },
    model: options.model === undefined ? 'model-x' : options.model,
    replicas: options.replicas ?? 1,
    status: options.status ?? 'running',
    received,
    traceparents,
    get submissions() {
      return submissions;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    get held() {
      return held.size;
    },
    kill,
    close: kill,
  };
  return instance;
}

function echo({ task_input }: ReceivedTask): unknown {
  return { echo: task_input };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
