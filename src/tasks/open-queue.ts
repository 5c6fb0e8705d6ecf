/** The task queue at work over an open store: every part of it, joined. */

import type { lookup as systemLookup } from 'node:dns';
import type { Clock, FleetEvent, Random } from '../domain/index.ts';
import type { Timers } from '../engines/index.ts';
import type { Spans } from '../telemetry/tracing/index.ts';
import { type ApiSettings, createApiSettings } from './api-settings.ts';
import { createTaskService } from './create-task-service.ts';
import type { TaskEvents } from './events/task-events.ts';
import { createAddressCheck } from './instances/address-check.ts';
import { createGuardedClient } from './instances/guarded-client.ts';
import { hostAndPort } from './instances/instance-names.ts';
import type { RegisteredInstance } from './instances/instance-registry.ts';
import { createRegistry, type RegisteredEngine, type Registry } from './instances/registry.ts';
import { measuredStore } from './measured-store.ts';
import { createModes } from './modes.ts';
import { nextRun } from './next-run.ts';
import { Planner } from './planner.ts';
import type { TaskPredictor } from './predictions/index.ts';
import { backoffMs } from './runner/backoff.ts';
import { EngineCaller } from './runner/engine-call.ts';
import { FleetLane, type TaskDoor, type Upstream } from './runner/fleet-lane.ts';
import type { FleetView } from './runner/fleet-view.ts';
import { InstanceLane } from './runner/instance-lane.ts';
import { startKeeper } from './runner/keeper.ts';
import { TaskRunner } from './runner/runner.ts';
import { TaskBooks } from './runner/task-books.ts';
import type { TaskSettings } from './settings.ts';
import type { AttemptEnd, EndedTask, TaskChange, TaskStore } from './store/task-store.ts';
import { QueueLedger } from './strategies/index.ts';
import { isFinal, type Task, type TaskSubmission, type TaskSummary } from './task.ts';
import type { TaskService } from './task-service.ts';
import type { TaskLog, TaskTelemetry } from './telemetry.ts';
import { createTaskTracing } from './tracing.ts';
import { createWebhooks } from './webhooks/webhooks.ts';

export interface QueueParts {
  readonly settings: () => TaskSettings;
  readonly door: TaskDoor;
  readonly fleet: FleetView;
  readonly events: TaskEvents;
  readonly predictor: TaskPredictor;
  /** How an engine of the fleet wants to be called. */
  readonly upstream: (instanceId: string) => Upstream;
  /** The engines that registered themselves, whenever that changes: they belong to the fleet. */
  readonly onEngines: (engines: readonly RegisteredEngine[]) => void;
  /** The id of the configured instance at this address, where there is one. */
  readonly configuredIdAt?: (url: string) => string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly telemetry: TaskTelemetry;
  readonly log: TaskLog;
  /** What tasks are traced with; by default they are not. */
  readonly spans?: Spans | undefined;
  /** Name resolution; the system's by default. */
  readonly lookup?: typeof systemLookup;
}

export interface OpenQueue {
  readonly store: TaskStore;
  readonly service: TaskService;
  readonly registry: Registry;
  readonly settings: ApiSettings;
  /** The settings may have changed. */
  configure(): void;
  onFleetEvent(event: FleetEvent): void;
  /** Takes nothing new, lets engine calls end for so long, and returns what has not ended. */
  close(graceMs: number): Promise<void>;
}

export async function openQueue(opened: TaskStore, parts: QueueParts): Promise<OpenQueue> {
  const { settings, fleet, events, predictor, clock, random, timers, telemetry, log } = parts;
  const surroundings = { clock, random, timers };
  const store = measuredStore(opened, telemetry.onStoreCall);
  const onStoreError = (error: unknown): void => log.error({ err: error }, 'the task store failed');
  const isShared = store.durability.level === 'postgres';

  const ledger = new QueueLedger();
  const modes = createModes({ store, predictor, random, configured: () => settings().strategy });
  const apiSettings = createApiSettings({ store, ledger });
  const client = createGuardedClient({
    check: () => createAddressCheck({ ...settings().registration, allowsPublic: false }),
    ...(parts.lookup && { lookup: parts.lookup }),
  });
  const webhookClient = createGuardedClient({
    check: () => createAddressCheck(settings().webhooks),
    ...(parts.lookup && { lookup: parts.lookup }),
  });
  const caller = new EngineCaller();
  const wake = (atMs?: number): void => (atMs === undefined ? runner.wake() : runner.wakeAt(atMs));

  const nameOf = (uuid: string): string => {
    const registered = registry.byUuid(uuid);
    if (registered !== undefined) return hostAndPort(registered.host, registered.port);
    return fleet.byUuid(uuid)?.instance.id ?? uuid;
  };
  const tracing = createTaskTracing({ spans: parts.spans, clock, nameOf });
  const { tryHeaders } = tracing;
  const books = new TaskBooks({
    store,
    ledger,
    predictor,
    observer: { onPlaced: placed, onEnded: ended },
    timers,
    random,
    onStoreError,
  });
  const registry = createRegistry({
    store,
    isShared,
    client,
    settings,
    surroundings,
    isWorking: async (uuid) => instanceLane.holds(uuid) > 0 || (await store.heldBy(uuid)).length > 0,
    ...(parts.configuredIdAt && { configuredIdAt: parts.configuredIdAt }),
    onEngines: parts.onEngines,
    onNews: () => runner.wake(),
    onLost: (instance, reason) => void lost(instance, reason).catch(onStoreError),
  });
  const instanceLane = new InstanceLane({
    ...{ books, client, clock, random, settings, tryHeaders },
    onUnreachable: (uuid) => registry.failed(uuid),
    onRoom: wake,
    onWorked: (uuid) => registry.worked(uuid),
  });
  const fleetLane = new FleetLane({
    ...{ door: parts.door, books, caller, clock, timers, random, settings, tryHeaders },
    upstream: parts.upstream,
    onRoom: wake,
  });
  const sources = {
    registered: () => registry.known(),
    fleetServing: (model: string) => fleet.serving(model),
  };
  const planner = new Planner({ sources, ledger, predictor, strategy: modes.current });
  const runner = new TaskRunner({
    ...{
      store,
      sources,
      instanceLane,
      fleetLane,
      books,
      ledger,
      predictor,
      clock,
      timers,
      onStoreError,
    },
    strategy: modes.current,
    isRoutedByScheduler: () => modes.strategy() === 'signalbox',
  });
  const webhooks = createWebhooks({
    ...{ store, client: webhookClient, clock, random, timers, tracing, onStoreError },
    settings: () => settings().webhooks,
    onTold(outcome, detail) {
      telemetry.onWebhook(outcome);
      if (outcome !== 'delivered') log.warn(detail, `a webhook failed: ${outcome.replace('_', ' ')}`);
    },
  });

  function submitted(tasks: readonly TaskSubmission[]): void {
    const counts = new Map<string, number>();
    for (const { model, notBeforeMs } of tasks) {
      counts.set(model, (counts.get(model) ?? 0) + 1);
      if (notBeforeMs !== undefined && notBeforeMs > clock.now()) runner.wakeAt(notBeforeMs);
    }
    for (const [model, count] of counts) {
      telemetry.onSubmitted(model, count);
      runner.wake(model);
    }
  }

  function placed(task: Task): void {
    const { model, submittedMs, notBeforeMs = 0 } = task;
    tracing.placed(task);
    telemetry.onPlaced(model, Math.max(0, clock.now() - Math.max(submittedMs, notBeforeMs)));
  }

  function ended(what: EndedTask, end: AttemptEnd, before: TaskSummary | undefined): void {
    const { task, outcome } = what;
    tracing.ended(what, end, before);
    const { model, scheduledMs, endedMs, executionMs, failure } = task;
    if (outcome === 'queued') {
      if (end.type === 'retry') telemetry.onRetried(model);
      if (end.type === 'retry' && end.retryAfterMs > 0) runner.wakeAt(clock.now() + end.retryAfterMs);
      else runner.wake(model);
      return;
    }
    const heldMs = scheduledMs === undefined || endedMs === undefined ? undefined : endedMs - scheduledMs;
    const runMs = executionMs ?? heldMs;
    const code = outcome === 'failed' ? failure?.code : undefined;
    telemetry.onEnded(model, outcome === 'unchanged' ? task.state : outcome, {
      ...(runMs !== undefined && { runMs }),
      ...(code !== undefined && { code }),
    });
    if (task.webhook !== undefined) webhooks.hurry();
  }

  /** Nobody has the task any more: what runs for it here stops. */
  function left(taskId: string): void {
    fleetLane.abandon(taskId);
    instanceLane.release(taskId);
    runner.wake();
  }

  /** An instance that is gone for so long has lost what it had. */
  async function lost({ uuid, host, port }: RegisteredInstance, reason: string): Promise<void> {
    log.warn({ instance: `${host}:${port}`, reason }, 'a task instance is lost; its tasks go elsewhere');
    const tasks = await store.heldBy(uuid);
    const message = `The task instance ${host}:${port} was lost (${reason}).`;
    await Promise.all(tasks.map((task) => retry(task, message, 0)));
  }

  async function retry(task: TaskSummary, message: string, retryAfterMs: number): Promise<void> {
    const failure = { code: 'retries_exhausted', message } as const;
    await books.endSurely(attemptOf(task), { type: 'retry', failure, retryAfterMs }, task);
    instanceLane.release(task.id);
  }

  async function overdue(task: TaskSummary): Promise<void> {
    const { deadlineMs = Number.POSITIVE_INFINITY, timeoutMs, instance } = task;
    if (deadlineMs <= clock.now()) {
      fleetLane.abandon(task.id);
      const message = `The task's deadline passed (${new Date(deadlineMs).toISOString()}).`;
      const failure = { code: 'deadline_exceeded', message } as const;
      await books.endSurely(attemptOf(task), { type: 'failed', failure }, task);
      instanceLane.release(task.id);
      return;
    }
    // A call to an engine keeps its own time.
    if (task.state !== 'scheduled' || fleetLane.has(task.id)) return;
    if (instance === undefined) {
      await books.endSurely(attemptOf(task), { type: 'returned' }, task);
      return;
    }
    const pauseMs = backoffMs(task.attempt, settings().retryBackoff, random);
    await retry(task, `No report within ${timeoutMs} ms.`, pauseMs);
  }

  /** Others may run what runs here: it stops, and its ends count only if nobody took over. */
  function silent(): void {
    const stopped = fleetLane.abandonAll();
    log.error(
      { tasks: stopped.length },
      'the task store was out of reach for too long; tasks that ran here stop',
    );
    for (const task of stopped) void books.endSurely(attemptOf(task), { type: 'returned' });
  }

  /** What other processes registered and switched. */
  const readShared = nextRun(async () => {
    await modes.load();
    await apiSettings.load();
    await registry.load();
  });

  /** What other processes did to the shared store. */
  async function reconcile(): Promise<void> {
    await readShared();
    await adopt();
    ledger.restore(await store.loads());
  }

  async function adopt(): Promise<void> {
    for (const { uuid, kind } of registry.known()) {
      if (kind === 'task-instance') instanceLane.adopt(uuid, await store.heldBy(uuid));
    }
  }

  function changed(change: TaskChange): void {
    if (isFinal(change.state) && (instanceLane.has(change.taskId) || fleetLane.has(change.taskId))) {
      left(change.taskId);
    }
    // Of our own tasks we know without being told.
    if (isShared && change.state === 'queued') runner.wake(change.model);
    events.tell(change);
  }

  const service = createTaskService({
    ...{
      store,
      events,
      planner,
      books,
      ledger,
      registry,
      modes,
      fleet,
      nameOf,
      tracing,
      clock,
      random,
      settings,
    },
    webhookRefusal: (url) => webhookClient.refusal(url),
    onSubmitted: submitted,
    onLeft: left,
    onCleared() {
      fleetLane.abandonAll();
      instanceLane.clear();
      books.clear();
      ledger.clear();
    },
  });

  await modes.configure();
  await reconcile();
  const unwatch = [store.watch(changed), store.watchShared(() => void readShared().catch(onStoreError))];
  const keeper = startKeeper({
    ...{ store, settings, surroundings, onStoreError },
    onSilent: silent,
    onReturned(tasks) {
      log.warn({ tasks: tasks.length }, 'tasks of a process that died are in the queue again');
      for (const task of tasks) {
        tracing.lost(task);
        runner.wake(task.model);
      }
      void reconcile().catch(onStoreError);
    },
    onOverdue: overdue,
    onFloor: () => runner.look(),
    onReconcile: reconcile,
    onCounts(counts) {
      telemetry.onCounts(counts);
      telemetry.onScores(predictor.scores());
    },
  });
  runner.start();
  void runner.look();

  return {
    store,
    service,
    registry,
    settings: apiSettings,
    configure() {
      void modes.configure().catch(onStoreError);
    },
    onFleetEvent(event) {
      if (event.type === 'instance-reported') return;
      fleetLane.onEnginesGone((id) => fleet.byId(id)?.isReady === true);
      runner.wake();
    },
    async close(graceMs) {
      const stopped = runner.stop();
      await webhooks.close();
      await stopped;
      await fleetLane.idle(graceMs);
      await Promise.race([instanceLane.sent(), pause(timers, CLOSE_MS)]);
      for (const task of fleetLane.abandonAll()) void books.endSurely(attemptOf(task), { type: 'returned' });
      await Promise.race([books.stored(), pause(timers, CLOSE_MS)]);
      keeper.stop();
      registry.close();
      books.close();
      for (const stop of unwatch) stop();
      events.releaseAll();
      await Promise.all([client.close(), webhookClient.close(), caller.close()]);
      await store.close();
    },
  };
}

/** How long a store that fails, or an instance that does not answer, may hold up the end. */
const CLOSE_MS = 2_000;

function attemptOf({ id, attempt }: Pick<Task, 'id' | 'attempt'>): { taskId: string; attempt: number } {
  return { taskId: id, attempt };
}

function pause(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.setTimeout(resolve, ms);
  });
}
