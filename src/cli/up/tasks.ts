/** The task queue on the control listener: its settings and storage, from the configuration. */

import { existsSync } from 'node:fs';
import type { AdminOptions } from '../../admin/index.ts';
import type { Config, TaskStoreConfig } from '../../config/index.ts';
import type { Clock, Random } from '../../domain/index.ts';
import { SYSTEM_TIMERS } from '../../engines/index.ts';
import type { SideDoor } from '../../gateway/index.ts';
import {
  createTaskQueue,
  createTaskRoutes,
  createTaskSockets,
  DEFAULT_TASK_LIMITS,
  DEFAULT_TASK_SETTINGS,
  openTaskStore,
  parsePortRange,
  type RegisteredEngine,
  requestTimes,
  SocketStats,
  type TaskDoor,
  type TaskLimits,
  TaskPredictor,
  type TaskQueue,
  type TaskSettings,
  type TaskStoreOptions,
  type Upstream,
} from '../../tasks/index.ts';
import type { AppLog, Spans, Telemetry } from '../../telemetry/index.ts';
import { type Batches, createBatches } from './batches.ts';
import type { TimeSources } from './prediction.ts';
import { StartError } from './start-error.ts';

export interface TasksOptions {
  readonly config: Config;
  readonly strategy: TaskSettings['strategy'];
  readonly pathOf: (file: string) => string;
  readonly door: TaskDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly log: AppLog;
  readonly spans: Spans | undefined;
  readonly upstream: (instanceId: string) => Upstream;
  readonly onEngines: (engines: readonly RegisteredEngine[]) => void;
  readonly times: TimeSources;
  readonly configuredIdAt: (url: string) => string | undefined;
  /** What a new embedded store begins with. */
  readonly storeTemplate?: string;
}

export interface Tasks extends Pick<TaskQueue, 'service' | 'onFleetEvent' | 'close'> {
  /** What of the control listener is the task queue's. */
  readonly routes: NonNullable<AdminOptions['routes']>;
  readonly upgrades: NonNullable<AdminOptions['upgrades']>;
  /** What of the data listener is. */
  readonly sideDoor: SideDoor;
  /**
   * Opens what the configuration names, before anybody is served. What nobody named is opened later: when it is there already once
   * this process serves, otherwise when the first task comes.
   * @throws StartError when it cannot be opened
   */
  open(): Promise<void>;
  update(config: Config, strategy: TaskSettings['strategy']): void;
  /** What tasks survive, in one sentence. */
  readonly durability: string;
}

export function createTasks(options: TasksOptions): Tasks | undefined {
  const { config, strategy, pathOf, clock, telemetry, storeTemplate } = options;
  if (!config.tasks.enabled) return undefined;
  const { store } = config.tasks;
  const log = options.log.component('tasks');
  const storeOptions = storeOptionsOf(store, pathOf);
  let durability = durabilityOf(store, storeOptions);
  const queue = createTaskQueue({
    ...options,
    settings: taskSettings(config, strategy),
    predictor: new TaskPredictor({
      configured: { name: 'configured', times: requestTimes(options.times.configured) },
      table: requestTimes(options.times.table),
    }),
    timers: SYSTEM_TIMERS,
    telemetry: telemetry.tasks,
    log,
    async openStore() {
      const opened = await openTaskStore({
        ...storeOptions,
        ...(storeTemplate !== undefined && { template: storeTemplate }),
        heartbeatMs: config.tasks.heartbeatMs,
        onError: (err) => log.error({ err }, 'the task store failed'),
      });
      durability = `${opened.durability.level}: ${opened.durability.survives}`;
      log.info({ survives: durability }, 'task store open');
      batches.onStoreOpen(opened);
      return opened;
    },
  });
  const { service, instances } = queue;
  const batches: Batches = createBatches({
    service,
    clock,
    maxFileBytes: config.tasks.maxFileBytes,
    openStore: () => queue.open(),
    onError: (err) => log.error({ err }, 'a batch cannot go on yet'),
  });
  telemetry.watchTaskModels((model) => instances.list().some((instance) => instance.model === model));
  const parts = {
    service,
    instances,
    settings: queue.settings,
    sockets: new SocketStats(),
    limits: taskLimits(config),
    clock,
  };
  const sockets = createTaskSockets(parts);
  return {
    service,
    onFleetEvent: queue.onFleetEvent,
    routes: [createTaskRoutes(parts, (err) => log.error({ err }, 'a call of the task API failed'))],
    upgrades: sockets.routes,
    sideDoor: batches.door,
    async open() {
      if (store.type === 'directory' && store.isDefault) {
        if (existsSync(storeOptions.directory!)) openLater(queue, log);
        return;
      }
      try {
        await queue.open();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new StartError(`tasks.store cannot be opened: ${reason}`, { cause });
      }
    },
    // The store counts by the heartbeat that it was opened with.
    update: (next, nextStrategy) =>
      queue.update({ ...taskSettings(next, nextStrategy), heartbeatMs: config.tasks.heartbeatMs }),
    get durability() {
      return durability;
    },
    async close(graceMs) {
      sockets.close();
      await batches.close();
      await queue.close(graceMs);
    },
  };
}

/** Nobody asked for the store by name, so that the gateway serves without it; the task API says what is wrong. */
function openLater(queue: TaskQueue, log: { warn(facts: object, message: string): void }): void {
  setImmediate(() => {
    queue.open().catch((err: unknown) => log.warn({ err }, 'the task store cannot be opened yet'));
  });
}

function storeOptionsOf(store: TaskStoreConfig, pathOf: (file: string) => string): TaskStoreOptions {
  if (store.type === 'postgres') return { url: store.url.reveal() };
  return store.type === 'memory' ? { memory: true } : { directory: pathOf(store.directory) };
}

function durabilityOf(store: TaskStoreConfig, { directory }: TaskStoreOptions): string {
  if (store.type !== 'directory') return store.type;
  const isThere = existsSync(directory!);
  return isThere ? `kept in ${directory}` : `kept in ${directory}, made when the first task comes`;
}

/** A body is read whole before it is known to hold a result that is too large, so that its task can be told of it. */
function taskLimits({ tasks }: Config): TaskLimits {
  const maxBodyBytes = Math.max(DEFAULT_TASK_LIMITS.maxBodyBytes, 2 * tasks.maxResultBytes);
  return { ...DEFAULT_TASK_LIMITS, maxBodyBytes };
}

export function taskSettings(
  { tasks, tokenEstimate }: Config,
  strategy: TaskSettings['strategy'],
): TaskSettings {
  const { retention, registration, webhooks, ...rest } = tasks;
  const { secret, allowsPublicAddresses, allowedPorts, retryBaseMs, retryMaxMs, ...told } = webhooks;
  return {
    ...DEFAULT_TASK_SETTINGS,
    ...rest,
    strategy,
    defaults: {
      priority: rest.defaultPriority,
      maxRetries: rest.maxRetries,
      timeoutMs: rest.timeoutMs,
      keepResultMs: rest.keepResultMs,
    },
    retryBackoff: { baseMs: rest.retryBaseMs, maxMs: rest.retryMaxMs },
    retention: { ...DEFAULT_TASK_SETTINGS.retention, ...retention },
    registration: { ...registration, allowedPorts: registration.allowedPorts.map(parsePortRange) },
    webhooks: {
      ...told,
      allowsPublic: allowsPublicAddresses,
      allowedPorts: allowedPorts.map(parsePortRange),
      retryBackoff: { baseMs: retryBaseMs, maxMs: retryMaxMs },
      ...(secret !== undefined && { secret: secret.reveal() }),
    },
    bytesPerToken: tokenEstimate.bytesPerToken,
  };
}
