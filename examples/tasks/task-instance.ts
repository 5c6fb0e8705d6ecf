/**
 * A task instance without any library: what it takes to let a program of one's own work for the queue. It registers itself, says in
 * `/info` what it serves, takes tasks at `/queue/submit`, and reports each result. Its work is to count words.
 *
 *   signalbox up -c examples/tasks/queue.yaml
 *   node examples/tasks/task-instance.ts
 *   signalbox submit --model word-count --input texts.jsonl --wait     # lines such as {"text": "one two three"}
 */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { argv, env, stdout } from 'node:process';

const MODEL = 'word-count';
/** Tasks that may be in its hands; beyond it the queue keeps them. */
const MAX_TASKS = 8;

interface TaskOrder {
  readonly task_id: string;
  readonly model_name: string;
  readonly task_input: { readonly text?: unknown };
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface InstanceOptions {
  readonly control?: string;
  readonly token?: string | undefined;
  /** Free ports from 1024 on may register by default. */
  readonly port?: number;
}

/** @returns what removes it from the queue and stops it */
export async function main({
  control = 'http://127.0.0.1:8081',
  token = env.SIGNALBOX_CONTROL_TOKEN,
  port = 0,
}: InstanceOptions = {}): Promise<() => Promise<void>> {
  const held = new Set<string>();
  let name = '';

  async function call(path: string, body: object): Promise<void> {
    const headers = {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(control + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as { readonly status?: string; readonly message?: string };
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    stdout.write(`${path}: ${answer.status}, ${answer.message}\n`);
  }

  async function work({ task_id, task_input: { text } }: TaskOrder): Promise<void> {
    const startMs = performance.now();
    const outcome =
      typeof text === 'string'
        ? { result: { words: text.split(/\s+/).filter(Boolean).length } }
        : { result: {}, error: 'text must be a string' };
    const execution_time = performance.now() - startMs;
    await call('/result/submit', { task_id, instance_id: name, execution_time, ...outcome });
    held.delete(task_id);
  }

  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method === 'GET' && request.url === '/info') {
      answer(200, {
        deployed_model: { model_name: MODEL, replicas: 1 },
        queue_info: { length_of_queue: held.size },
        instance_status: 'running',
      });
    } else if (request.method === 'POST' && request.url === '/queue/submit') {
      void bodyOf(request).then((body) => {
        // The queue sends it elsewhere, or again after a while.
        if (held.size >= MAX_TASKS) return answer(429, { detail: 'enough to do' });
        const order = JSON.parse(body) as TaskOrder;
        // A task may come twice, when the answer to the first did not get through.
        if (!held.has(order.task_id)) {
          held.add(order.task_id);
          setImmediate(() => void work(order).catch((error: unknown) => stdout.write(`${String(error)}\n`)));
        }
        answer(200, { task_id: order.task_id });
      });
    } else {
      answer(404, { detail: 'Not Found' });
    }
  });
  const address = { host: '127.0.0.1', port: await listen(server, port) };
  name = `${address.host}:${address.port}`;
  await call('/ti/register', { ...address, model_name: MODEL });

  return async function stop() {
    await call('/ti/remove', address);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
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

if (import.meta.main) {
  const stop = await main({ ...(argv[2] !== undefined && { control: argv[2] }) });
  process.once('SIGINT', () => void stop());
}
