/** What is measured: a real `signalbox up` on one of the two storages, with task instances and an engine in this process that take no time. */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskClient } from '../../src/client/index.ts';
import { seededRandom } from '../../src/domain/index.ts';
import {
  type Report,
  type SimulatedTaskInstance,
  startTaskInstance,
} from '../../src/tasks/__fixtures__/task-instance.ts';
import { createCluster, findPostgres } from '../../test/crash/postgres-cluster.ts';
import { createServerVictim, freePort, type Server } from '../../test/crash/server.ts';

export const STORES = ['embedded', 'postgres'] as const;
export type StoreName = (typeof STORES)[number];

export const HOSTED_MODEL = 'bench-hosted';
export const ENGINE_MODEL = 'bench-engine';
/** Its instance takes what it is given and never ends it: what comes then stays in the queue. */
export const FULL_MODEL = 'bench-full';

export interface House {
  readonly client: TaskClient;
  readonly hosted: SimulatedTaskInstance;
  readonly engineUrl: string;
  /** Called once for each task that the hosted instance has worked on, before it reports. */
  onReport: (report: Report) => void;
  readonly server: Server;
  close(): Promise<void>;
}

/** `undefined` where the storage cannot be had. */
export async function openHouse(store: StoreName): Promise<House | undefined> {
  const binaries = store === 'postgres' ? findPostgres() : undefined;
  if (store === 'postgres' && binaries === undefined) return undefined;
  const random = seededRandom(process.pid);
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-queue-'));
  // The PostgreSQL in it is another user's.
  await chmod(directory, 0o755);
  const engine = await startQuickEngine();
  const cluster =
    binaries === undefined ? undefined : createCluster(binaries, directory, await freePort(random), random);
  cluster?.start();
  await cluster?.ready();
  const port = await freePort(random);
  const server = await createServerVictim({
    ...{ name: 'server', directory, port },
    config: {
      instances: [
        { id: 'engine', url: engine.url, engine: 'openai', models: [ENGINE_MODEL], maxConcurrency: 64 },
      ],
      logging: { level: 'warn' },
      tasks: { store: cluster === undefined ? { directory: 'store' } : { url: cluster.url } },
    },
  });
  server.start();
  await server.ready();
  const hosted = await startTaskInstance({
    model: HOSTED_MODEL,
    report: async (report) => {
      house.onReport(report);
      await post(`${server.url}/notify/task_complete`, {
        task_id: report.taskId,
        instance_id: report.reporter,
        execution_time: report.executionMs,
        result: report.result,
      });
    },
  });
  const full = await startTaskInstance({ model: FULL_MODEL });
  full.mode = { type: 'swallow' };
  for (const instance of [hosted, full]) {
    const answer = await post(`${server.url}/ti/register`, { host: instance.host, port: instance.port });
    if (!/success/.test(answer)) throw new Error(`an instance was not registered: ${answer}`);
  }
  const house: House = {
    client: new TaskClient({ baseUrl: server.url, timeoutMs: 120_000 }),
    hosted,
    engineUrl: engine.url,
    onReport: () => undefined,
    server,
    async close() {
      await server.kill();
      await cluster?.stop();
      await Promise.all([hosted.close(), full.close(), engine.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
  return house;
}

/** Answers every request at once, so that what is left is our own time. */
async function startQuickEngine(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const completion = JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  });
  const models = JSON.stringify({ object: 'list', data: [{ id: ENGINE_MODEL, object: 'model' }] });
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(request.method === 'POST' ? completion : models);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function post(url: string, body: unknown): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.text();
}
