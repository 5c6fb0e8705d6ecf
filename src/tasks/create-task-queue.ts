/** The task queue, whose store is opened when it is first needed: who queues nothing pays nothing for it. */

import { type FleetEvent, SignalboxError } from '../domain/index.ts';
import type { ApiSettings } from './api-settings.ts';
import { TaskEvents } from './events/task-events.ts';
import type { InstanceRegistry } from './instances/instance-registry.ts';
import { nameOf, strategyNames } from './modes.ts';
import { type OpenQueue, openQueue, type QueueParts } from './open-queue.ts';
import { FleetView } from './runner/fleet-view.ts';
import type { TaskSettings } from './settings.ts';
import type { TaskStore } from './store/task-store.ts';
import type { InstanceQueue, TaskService } from './task-service.ts';

export interface TaskQueueOptions extends Omit<QueueParts, 'settings' | 'fleet' | 'events'> {
  readonly openStore: () => Promise<TaskStore>;
  readonly settings: TaskSettings;
}

export interface TaskQueue {
  readonly service: TaskService;
  readonly instances: InstanceRegistry;
  /** What the API's own settings are kept in. */
  readonly settings: ApiSettings;
  /** Opens the store, if that has not happened, and takes up what waits in it. A failure can be tried again. */
  open(): Promise<void>;
  onFleetEvent(event: FleetEvent): void;
  update(settings: TaskSettings): void;
  /** Lets what runs on engines end for so long, and returns the rest to the store. */
  close(graceMs: number): Promise<void>;
}

export function createTaskQueue(options: TaskQueueOptions): TaskQueue {
  const { openStore, ...parts } = options;
  const fleet = new FleetView();
  const events = new TaskEvents(options.timers, (err) => options.log.error({ err }, 'a listener failed'));
  let settings = options.settings;
  let open: OpenQueue | undefined;
  let opening: Promise<OpenQueue> | undefined;
  let isClosed = false;

  async function begin(): Promise<OpenQueue> {
    const store = await openStore();
    try {
      open = await openQueue(store, { ...parts, settings: () => settings, fleet, events });
    } catch (error) {
      await store.close();
      throw error;
    }
    return open;
  }

  function queue(): Promise<OpenQueue> {
    if (isClosed)
      return Promise.reject(
        new SignalboxError('shutting_down', 'Signalbox is stopping; tasks that it stored stay.'),
      );
    opening ??= begin().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  const later = async <T>(call: (service: TaskService) => Promise<T>): Promise<T> =>
    call((await queue()).service);

  const service: TaskService = {
    submit: (tasks, how) => later((one) => one.submit(tasks, how)),
    get: (taskId) => later((one) => one.get(taskId)),
    getMany: (taskIds) => later((one) => one.getMany(taskIds)),
    counts: () => later((one) => one.counts()),
    wait: (taskId, waitMs, signal) => later((one) => one.wait(taskId, waitMs, signal)),
    list: (filter, page) => later((one) => one.list(filter, page)),
    cancel: (taskId) => later((one) => one.cancel(taskId)),
    report: (report) => later((one) => one.report(report)),
    clear: () => later((one) => one.clear()),
    queues: (model) => open?.service.queues(model) ?? idleQueues(fleet, model),
    strategy: () => open?.service.strategy() ?? nameOf(settings.strategy),
    strategies: () => strategyNames(settings.strategy),
    setStrategy: (name) => later((one) => one.setStrategy(name)),
    predictMode: () => open?.service.predictMode() ?? options.predictor.mode,
    setPredictMode: (mode) => later((one) => one.setPredictMode(mode)),
    subscribe: (listener) => events.subscribe(listener),
  };

  const instances: InstanceRegistry = {
    register: async (wish) => (await queue()).registry.register(wish),
    remove: async (name) => (await queue()).registry.remove(name),
    list: () => open?.registry.list() ?? [],
    find: (name) => open?.registry.find(name),
  };

  return {
    service,
    instances,
    settings: {
      get: async (key) => (await queue()).settings.get(key),
      set: async (key, value) => (await queue()).settings.set(key, value),
    },
    async open() {
      await queue();
    },
    onFleetEvent(event) {
      fleet.onFleetEvent(event);
      open?.onFleetEvent(event);
    },
    update(next) {
      settings = next;
      open?.configure();
    },
    async close(graceMs) {
      isClosed = true;
      const queued = await opening?.catch(() => undefined);
      await queued?.close(graceMs);
    },
  };
}

/** Before anything was queued, nobody has anything to do. */
function idleQueues(fleet: FleetView, model: string | undefined): readonly InstanceQueue[] {
  const state = { expectedMs: 0, errorMs: 0, tasks: 0 };
  return fleet.all().flatMap(({ uuid, instance, isDraining }) => {
    const served = model === undefined ? instance.models : instance.models.filter((one) => one === model);
    return served.map((one) => ({ uuid, url: instance.url, model: one, state, isDraining }));
  });
}
