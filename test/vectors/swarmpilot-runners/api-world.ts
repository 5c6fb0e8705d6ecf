/** The world of an API transcript, for real: task instances behind HTTP on this machine, a task queue in memory, and its control listener. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdminApp } from '../../../src/admin/app.ts';
import { ManualClock, seededRandom } from '../../../src/domain/index.ts';
import { fifoPolicy } from '../../../src/queueing/index.ts';
import { findPreset, RoutingProfile } from '../../../src/routing/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS, LiveScheduler } from '../../../src/scheduler/index.ts';
import {
  createTaskQueue,
  createTaskRoutes,
  DEFAULT_TASK_LIMITS,
  DEFAULT_TASK_SETTINGS,
  NO_LOG,
  NO_TELEMETRY,
  type OpenTaskStore,
  openTaskStore,
  SocketStats,
  TaskPredictor,
  uuidOfInstance,
} from '../../../src/tasks/index.ts';
import { storeTemplate } from '../../../src/tasks/store/__fixtures__/template.ts';
import { createTelemetry } from '../../../src/telemetry/index.ts';

/** What a transcript says of an instance. */
export interface InstanceFacts {
  readonly task_instance: string;
  readonly model?: string | null;
  readonly up?: boolean;
  readonly replicas?: number;
  readonly queue?: number;
  readonly status?: string;
  readonly submit_status?: number;
}

export interface Outbound {
  /** `host:port` as the transcript has it. */
  readonly instance: string;
  readonly json: unknown;
}

interface Stage {
  readonly server: Server;
  readonly port: number;
  facts: InstanceFacts;
}

export interface World {
  readonly clock: ManualClock;
  /** Tasks that reached an instance, in order. */
  readonly submitted: Outbound[];
  /** The address on this machine of an instance of the transcript. */
  place(instance: string): string | undefined;
  set(facts: InstanceFacts): void;
  call(
    method: string,
    path: string,
    query: Readonly<Record<string, string>>,
    json: unknown,
  ): Promise<Response>;
  close(): Promise<void>;
}

let opening: Promise<OpenTaskStore> | undefined;

/** Opening a store takes a second of computing, so that all transcripts share one, which each finds empty. */
export async function emptyStore(): Promise<OpenTaskStore> {
  opening ??= storeTemplate().then((template) => openTaskStore({ memory: true, template }));
  const store = await opening;
  await store.clear();
  for (const { uuid } of await store.instances()) await store.deleteInstance(uuid);
  for (const key of ['scheduler.strategy', 'scheduler.predict_mode']) await store.setSetting(key, null);
  return store;
}

/** After the last transcript. */
export async function closeStore(): Promise<void> {
  const store = await opening;
  opening = undefined;
  await store?.close();
}

/** The same store, which does not close with the queue. */
function kept(store: OpenTaskStore): OpenTaskStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'close') return async () => undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** @param addresses of the transcript's instances, in the order that their UUIDs have there, so that ties break alike */
export async function openWorld(
  store: OpenTaskStore,
  addresses: readonly string[],
  startMs: number,
): Promise<World> {
  const submitted: Outbound[] = [];
  const stages = new Map<string, Stage>();
  const free: Stage[] = [];
  for (const _ of addresses) free.push(await openStage());
  const byUuid = (a: Stage, b: Stage): number => (uuidAt(a) < uuidAt(b) ? -1 : 1);
  free.sort(byUuid).forEach((stage, index) => {
    const address = addresses[index]!;
    stages.set(address, stage);
    stage.server.on('request', (request, response) => {
      const {
        model,
        up = true,
        replicas = 1,
        queue = 0,
        status = 'running',
        submit_status: code,
      } = stage.facts;
      if (!up) return request.socket.destroy();
      const send = (body: unknown, statusCode = 200) =>
        response.writeHead(statusCode, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (request.url === '/info') {
        const deployed = model === undefined || model === null ? null : { model_name: model, replicas };
        return send({
          deployed_model: deployed,
          queue_info: { length_of_queue: queue },
          instance_status: status,
        });
      }
      let text = '';
      request.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      return request.on('end', () => {
        if (request.url !== '/queue/submit') return send({ detail: 'Not Found' }, 404);
        const json = JSON.parse(text) as { readonly task_id: string };
        if (code !== undefined) return send({ detail: 'no' }, code);
        submitted.push({ instance: address, json });
        return send({ task_id: json.task_id, status: 'success' });
      });
    });
  });

  const clock = new ManualClock(startMs);
  const scheduler = new LiveScheduler({
    clock,
    random: seededRandom(1),
    policy: fifoPolicy(),
    profile: new RoutingProfile(findPreset('least-loaded')!),
    settings: DEFAULT_SCHEDULER_SETTINGS,
    timers: globalThis,
  });
  const queue = createTaskQueue({
    openStore: async () => kept(store),
    settings: {
      ...DEFAULT_TASK_SETTINGS,
      registration: { ...DEFAULT_TASK_SETTINGS.registration, allowedPorts: [{ from: 1, to: 65_535 }] },
    },
    door: scheduler,
    predictor: new TaskPredictor(),
    upstream: () => ({ headers: {}, tls: undefined }),
    onEngines: () => undefined,
    clock,
    random: seededRandom(1),
    timers: globalThis,
    telemetry: NO_TELEMETRY,
    log: NO_LOG,
  });
  await queue.open();
  const telemetry = createTelemetry({ version: '2.0.0', clock });
  const app = createAdminApp({
    version: '2.0.0',
    scheduler,
    decisions: telemetry.decisions,
    metricsText: telemetry.metricsText,
    routes: [
      createTaskRoutes({
        service: queue.service,
        instances: queue.instances,
        settings: queue.settings,
        sockets: new SocketStats(),
        limits: DEFAULT_TASK_LIMITS,
        clock,
      }),
    ],
  });

  return {
    clock,
    submitted,
    place: (instance) => {
      const stage = stages.get(instance);
      return stage && `127.0.0.1:${stage.port}`;
    },
    set(facts) {
      const stage = stages.get(facts.task_instance);
      if (stage !== undefined) stage.facts = { ...stage.facts, ...facts };
    },
    async call(method, path, query, json) {
      const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`;
      return app.request(`http://localhost${path}${search}`, {
        method,
        headers: { host: 'localhost', ...(json !== undefined && { 'content-type': 'application/json' }) },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
    },
    async close() {
      await queue.close(0);
      scheduler.close();
      for (const { server } of stages.values()) server.close().closeAllConnections();
    },
  };
}

const uuidAt = ({ port }: Stage): string => uuidOfInstance(`127.0.0.1:${port}`);

async function openStage(): Promise<Stage> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, port, facts: { task_instance: '', up: false } };
}
