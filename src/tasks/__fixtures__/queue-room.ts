/** A task queue to test with: the real store in memory, the real scheduler, real HTTP; what is made in a test is gone after it. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from 'vitest';
import {
  createInstance,
  type ExecutionInstance,
  type InstanceInit,
  seededRandom,
} from '../../domain/index.ts';
import { SYSTEM_TIMERS } from '../../engines/index.ts';
import { createPolicy } from '../../queueing/index.ts';
import { findPreset, RoutingProfile } from '../../routing/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS, LiveScheduler } from '../../scheduler/index.ts';
import { createTaskQueue, type TaskQueue, type TaskQueueOptions } from '../create-task-queue.ts';
import type { RegisteredEngine } from '../instances/registry.ts';
import { measuredStore } from '../measured-store.ts';
import { TaskPredictor } from '../predictions/index.ts';
import { DEFAULT_TASK_SETTINGS, type TaskSettings } from '../settings.ts';
import { storeTemplate } from '../store/__fixtures__/template.ts';
import { openTaskStore, type TaskStore } from '../store/index.ts';
import type { NewTask } from '../task-service.ts';
import { NO_LOG, NO_TELEMETRY } from '../telemetry.ts';
import { type SimulatedTaskInstance, startTaskInstance, type TaskInstanceOptions } from './task-instance.ts';

export interface QueueRoom extends TaskQueue {
  readonly scheduler: LiveScheduler;
  readonly store: () => TaskStore;
  /** What was last told of engines that registered. */
  readonly engines: readonly RegisteredEngine[];
  /** A task instance whose reports come here; registered unless told otherwise. */
  addTaskInstance(options?: TaskInstanceOptions, isRegistered?: boolean): Promise<SimulatedTaskInstance>;
  addEngine(init: Partial<InstanceInit> & Pick<ExecutionInstance, 'id' | 'url'>): void;
  submitOne(fields?: Partial<NewTask>): Promise<string>;
}

export interface RoomOptions extends Partial<Omit<TaskQueueOptions, 'settings'>> {
  readonly settings?: Partial<TaskSettings>;
  readonly policy?: string;
}

/** Short times, so that tests need not wait. */
const QUICK: TaskSettings = {
  ...DEFAULT_TASK_SETTINGS,
  retryBackoff: { baseMs: 10, maxMs: 50 },
  instanceCheckIntervalMs: 40,
  instanceLostAfterMs: 100,
  webhooks: {
    ...DEFAULT_TASK_SETTINGS.webhooks,
    allowedCidrs: ['127.0.0.0/8'],
    retryBackoff: { baseMs: 10, maxMs: 50 },
  },
};

export function aNewTask(fields: Partial<NewTask> = {}): NewTask {
  return { id: randomUUID(), model: 'model-x', input: { prompt: 'hello' }, ...fields };
}

/** On a machine that does much else. */
export const OPENING_MS = 120_000;

/** Opening a store takes a second of computing, so that the tests of a file share one, which each finds empty. */
function sharedStore() {
  let store: TaskStore;
  beforeAll(async () => {
    store = await openTaskStore({ memory: true, template: await storeTemplate() });
  }, OPENING_MS);
  afterAll(() => store.close());
  return async (): Promise<TaskStore> => {
    await store.clear();
    for (const { uuid } of await store.instances()) await store.deleteInstance(uuid);
    await store.setSetting('scheduler.strategy', null);
    await store.setSetting('scheduler.predict_mode', null);
    await store.setSetting('settings.probabilistic_quantiles', null);
    return withoutClose(store);
  };
}

export function withoutClose(store: TaskStore): TaskStore {
  return { ...measuredStore(store, () => undefined), close: async () => undefined };
}

export function queueRooms() {
  const emptyStore = sharedStore();
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function open({ settings, policy = 'signalbox', ...options }: RoomOptions = {}): Promise<QueueRoom> {
    const clock = options.clock ?? { now: () => performance.timeOrigin + performance.now() };
    const random = seededRandom(1);
    const scheduler = new LiveScheduler({
      clock,
      random,
      timers: globalThis,
      policy: createPolicy({ name: policy }),
      profile: new RoutingProfile(findPreset('least-loaded')!),
      settings: DEFAULT_SCHEDULER_SETTINGS,
    });
    let store: TaskStore | undefined;
    let engines: readonly RegisteredEngine[] = [];
    const queue = createTaskQueue({
      async openStore() {
        store = await emptyStore();
        return store;
      },
      door: scheduler,
      predictor: new TaskPredictor(),
      upstream: () => ({ headers: {}, tls: undefined }),
      onEngines: (told) => {
        engines = told;
      },
      clock,
      random,
      timers: SYSTEM_TIMERS,
      telemetry: NO_TELEMETRY,
      log: NO_LOG,
      ...options,
      settings: { ...QUICK, ...settings },
    });
    cleanups.push(async () => {
      await queue.close(0);
      scheduler.close();
    });
    await queue.open();
    return {
      ...queue,
      scheduler,
      store: () => store!,
      get engines() {
        return engines;
      },
      async addTaskInstance(how = {}, isRegistered = true) {
        const instance = await startTaskInstance({
          report: (report) => queue.service.report(report),
          ...how,
        });
        cleanups.push(() => instance.close().catch(() => undefined));
        if (isRegistered) {
          const registration = await queue.instances.register({ host: instance.host, port: instance.port });
          if (registration.type === 'refused') throw new Error(registration.reason);
        }
        return instance;
      },
      addEngine(init) {
        const instance = createInstance({ models: ['model-x'], ...init });
        for (const event of [
          { type: 'instance-added', instance },
          { type: 'instance-health', instanceId: instance.id, isHealthy: true },
        ] as const) {
          scheduler.tellFleet(event);
          queue.onFleetEvent(event);
        }
      },
      async submitOne(fields) {
        const task = aNewTask(fields);
        await queue.service.submit([task], { isWaitingAllowed: true });
        return task.id;
      },
    };
  }

  return { open, cleanup: (work: () => Promise<unknown>) => void cleanups.push(work) };
}
