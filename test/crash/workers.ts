/** Who runs the tasks: task instances and simulated engines in this process, each start and end told to the witness. */

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/domain/index.ts';
import { startSimulatedEngine } from '../../src/engines/simulated/index.ts';
import {
  type ReceivedTask,
  type Report,
  startTaskInstance,
} from '../../src/tasks/__fixtures__/task-instance.ts';
import { resultKey } from './accounting.ts';
import type { Run, Witness } from './witness.ts';

export interface Worker {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface WorkerSurroundings {
  readonly witness: Witness;
  readonly random: Random;
  readonly longestMs: number;
  /** Where a report may go just now. */
  readonly reportTo: () => string;
}

const SHORT_MS = 40;
/** Some tasks outlive the death and the restart of their server: only they can be started a second time while they still run. */
const LONG_SHARE = 0.2;
const REPORT_PAUSE_MS = 100;
const REPORT_TIMEOUT_MS = 5_000;

/** Begins with each task at once, and reports until somebody has heard of it: its servers die all the time. */
export async function startHostedWorker(model: string, surroundings: WorkerSurroundings): Promise<Worker> {
  const { witness, random, longestMs } = surroundings;
  const runs = new Map<ReceivedTask, Run>();
  const gone = new AbortController();
  const instance = await startTaskInstance({
    model,
    workMs(task) {
      runs.set(task, witness.begin(task.task_id, instance.name));
      return random.next() < LONG_SHARE ? longestMs * (1 - random.next() / 2) : SHORT_MS * random.next();
    },
    result(task) {
      const run = runs.get(task)!;
      runs.delete(task);
      run.end();
      witness.gave(task.task_id, run.key);
      return { id: run.key };
    },
    report: (report) => deliver(report, surroundings, gone.signal),
  });
  return {
    host: instance.host,
    port: instance.port,
    url: instance.url,
    async close() {
      gone.abort();
      await instance.close();
    },
  };
}

async function deliver(report: Report, surroundings: WorkerSurroundings, gone: AbortSignal): Promise<void> {
  while (!gone.aborted) {
    const said = await tell(report, surroundings.reportTo()).catch(() => undefined);
    if (said === 'accepted') surroundings.witness.accepted(report.taskId, resultKey(report.result)!);
    if (said !== undefined && said !== 'try again') return;
    await sleep(REPORT_PAUSE_MS);
  }
}

async function tell(
  { taskId, reporter, executionMs, result }: Report,
  baseUrl: string,
): Promise<'accepted' | 'not wanted' | 'try again'> {
  const response = await fetch(`${baseUrl}/notify/task_complete`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task_id: taskId, instance_id: reporter, execution_time: executionMs, result }),
    signal: AbortSignal.timeout(REPORT_TIMEOUT_MS),
  });
  const answer = (await response.json()) as { readonly message?: string; readonly total_time_ms?: number };
  if (response.status >= 500 || response.status === 429) return 'try again';
  // A server that shares the store may not have heard of the instance yet.
  if (/^Instance .* not found$/.test(answer.message ?? '')) return 'try again';
  return answer.total_time_ms === undefined ? 'not wanted' : 'accepted';
}

/** A simulated engine behind a witness of what it is asked; a task ends there with its answer, or when its caller is gone. */
export async function startEngineWorker(
  model: string,
  { witness }: Pick<WorkerSurroundings, 'witness'>,
): Promise<Worker> {
  const engine = await startSimulatedEngine({ model });
  const { hostname, port: enginePort } = new URL(engine.url);

  function pass(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): void {
    const asked = incoming.method === 'POST' ? taskIn(body) : undefined;
    const run = asked === undefined ? undefined : witness.begin(asked, hostOf(server));
    const { method, url, headers } = incoming;
    const onward = request(
      { host: hostname, port: enginePort, method, path: url, headers },
      async (answer) => {
        const bytes = await bytesOf(answer).catch(() => undefined);
        if (bytes === undefined) return void outgoing.destroy();
        const key = asked === undefined ? undefined : resultKey(parsed(bytes));
        // Before it is sent: the caller may store it before this process runs again.
        if (asked !== undefined && key !== undefined) witness.gave(asked, key);
        run?.end();
        const { 'transfer-encoding': _, ...rest } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, rest);
        outgoing.end(bytes);
      },
    );
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      run?.end();
      onward.destroy();
    });
    onward.end(body);
  }

  const server = createServer((incoming, outgoing) => {
    bytesOf(incoming).then(
      (body) => pass(incoming, outgoing, body),
      () => outgoing.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: '127.0.0.1',
    port,
    url: `http://${hostOf(server)}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await engine.close();
    },
  };
}

/** Tasks for engines carry their id where an OpenAI client names its user. */
function taskIn(body: Buffer): string | undefined {
  const { user } = (parsed(body) ?? {}) as { readonly user?: unknown };
  return typeof user === 'string' ? user : undefined;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function hostOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
