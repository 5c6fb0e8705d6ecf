/** Tasks on engines of the fleet: each stands in line with interactive requests, and the scheduler says when, and where among those it may go to. */

import type { Clock, ExecutionInstance, Random, RequestPriority } from '../../domain/index.ts';
import type { Timers, TlsSettings } from '../../engines/index.ts';
import type { Rejection, SchedulerDoor, Ticket } from '../../scheduler/index.ts';
import { uuidOfInstance } from '../instances/instance-names.ts';
import type { AttemptEnd } from '../store/task-store.ts';
import type { Task, TaskFailure } from '../task.ts';
import { type BackoffSettings, backoffMs } from './backoff.ts';
import type { EngineCaller, EngineOutcome } from './engine-call.ts';
import type { FleetEngine } from './fleet-view.ts';
import { KeptFree } from './kept-free.ts';
import type { TaskBooks } from './task-books.ts';
import { type EngineBody, engineBody, engineObstacle, schedulerRequest } from './task-request.ts';

/** What tasks need of the scheduler. */
export interface TaskDoor extends Pick<SchedulerDoor, 'submit'> {
  /** How many more requests the instance's window would take now. */
  freeRequests(instanceId: string): number;
  /** Requests of the model that wait and are of a higher class than `priority`. */
  waitingAbove(model: string, priority: RequestPriority): number;
}

export interface Upstream {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings | undefined;
}

export interface FleetLaneSettings {
  readonly maxInstanceShare: number;
  readonly maxPriority: RequestPriority;
  readonly retryBackoff: BackoffSettings;
  readonly maxResultBytes: number;
  readonly bytesPerToken: number;
}

export interface FleetLaneOptions {
  readonly door: TaskDoor;
  readonly books: TaskBooks;
  readonly caller: EngineCaller;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly settings: () => FleetLaneSettings;
  /** How an engine wants to be called. */
  readonly upstream: (instanceId: string) => Upstream;
  /** What tells the engine to which trace the try belongs. */
  readonly tryHeaders: (task: Task) => Readonly<Record<string, string>>;
  /** There is room again, now or at a moment to come. */
  readonly onRoom: (atMs?: number) => void;
}

/** Tasks that may wait in the scheduler for one engine: enough for it never to idle between two, few enough to be bound late. */
const MAX_WAITING_PER_ENGINE = 2;
/** A task that waited so long in the scheduler goes back to the store, so that another one or another place has its chance. */
const PATIENCE_MS = 15_000;
/** How long an engine rests that answers 429 without saying how long. */
const DEFAULT_PUSH_BACK_MS = 1_000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;

interface Run {
  readonly task: Task;
  readonly engine: EngineBody;
  readonly abort: AbortController;
  ticket: Ticket | undefined;
  /** While it waits in the scheduler: where it may go. */
  mayGoTo: readonly string[];
  /** Where it runs. */
  at: string | undefined;
  startedMs: number;
  patience: unknown;
  isOver: boolean;
}

export class FleetLane {
  readonly #options: FleetLaneOptions;
  readonly #runs = new Map<string, Run>();
  readonly #running = new Map<string, number>();
  /** Tasks that wait in the scheduler and may go to an engine; one that may go to several counts at each. */
  readonly #mayCome = new Map<string, number>();
  /** The scheduler turned a task of this model away: it gets none before then. */
  readonly #pausedUntilMs = new Map<string, number>();

  readonly #keptFree = new KeptFree();
  #onIdle: (() => void) | undefined;

  constructor(options: FleetLaneOptions) {
    this.#options = options;
  }

  /** How many more tasks of the model may be handed to the scheduler for this engine. */
  room({ instance, isReady }: FleetEngine, model: string): number {
    if (!isReady || (this.#pausedUntilMs.get(model) ?? 0) > this.#options.clock.now()) return 0;
    const { id, maxConcurrency } = instance;
    const { door, clock, settings } = this.#options;
    const { maxInstanceShare, maxPriority } = settings();
    const isUrgentWaiting = door.waitingAbove(model, maxPriority) > 0;
    const keptFree = this.#keptFree.slots(id, maxConcurrency, isUrgentWaiting, clock.now());
    const most = Math.max(1, Math.floor(maxConcurrency * maxInstanceShare));
    const share = Math.max(1, Math.min(most, maxConcurrency - keptFree));
    const waiting = this.#mayCome.get(id) ?? 0;
    const ofOurShare = share - (this.#running.get(id) ?? 0) - waiting;
    const beyondFree = door.freeRequests(id) + MAX_WAITING_PER_ENGINE - waiting;
    return Math.max(0, Math.min(ofOurShare, beyondFree));
  }

  /** Whether the task waits in the scheduler or runs on an engine, through this process. */
  has(taskId: string): boolean {
    return this.#runs.has(taskId);
  }

  /** @param isAnywhere whether the scheduler may choose among all instances of the model, none of which is left out of `engines` */
  start(task: Task, engines: readonly FleetEngine[], isAnywhere: boolean): void {
    const obstacle = engineObstacle(task);
    if (obstacle !== undefined) {
      void this.#store(task, { type: 'failed', failure: { code: 'rejected', message: obstacle } });
      return;
    }
    const run: Run = {
      task,
      engine: engineBody(task),
      abort: new AbortController(),
      ticket: undefined,
      mayGoTo: engines.map(({ instance }) => instance.id),
      at: undefined,
      startedMs: 0,
      patience: undefined,
      isOver: false,
    };
    this.#runs.set(task.id, run);
    this.#count(this.#mayCome, run.mayGoTo, 1);
    this.#beginPatience(run);
    this.#enter(run, isAnywhere);
  }

  /** Stops whatever is done for the task, and says nothing of it to the store. */
  abandon(taskId: string): void {
    const run = this.#runs.get(taskId);
    if (run !== undefined) this.#finish(run, (ticket) => ticket.cancel());
  }

  /** Stops everything that runs here; gives the tries, whose end is not stored. */
  abandonAll(): readonly Task[] {
    const runs = [...this.#runs.values()];
    for (const run of runs) this.#finish(run, (ticket) => ticket.cancel());
    return runs.map(({ task }) => task);
  }

  /** Resolves when nothing runs on engines any more, or after `withinMs`. What only waits in the scheduler goes back at once. */
  async idle(withinMs: number): Promise<void> {
    for (const run of [...this.#runs.values()]) this.#giveBack(run);
    if (this.#runs.size === 0 || withinMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.timers.setTimeout(resolve, withinMs);
    this.#onIdle = resolve;
    await promise;
    this.#onIdle = undefined;
    this.#options.timers.clearTimeout(timer);
  }

  /** Those that wait for engines of which none is left go back to the store. */
  onEnginesGone(isThere: (instanceId: string) => boolean): void {
    for (const run of [...this.#runs.values()]) {
      if (run.at === undefined && !run.mayGoTo.some(isThere)) this.#giveBack(run);
    }
  }

  #enter(run: Run, isAnywhere: boolean): void {
    const { clock, settings, door } = this.#options;
    const { maxPriority, bytesPerToken } = settings();
    const request = schedulerRequest({
      task: run.task,
      engine: run.engine,
      nowMs: clock.now(),
      maxPriority,
      bytesPerToken,
      ...(!isAnywhere && { onlyInstances: run.mayGoTo }),
    });
    const ticket = door.submit(request, {
      onDispatch: (_decision, instance) => {
        this.#leaveWaiting(run);
        run.at = instance.id;
        this.#count(this.#running, [instance.id], 1);
        // The ticket is known when `submit` has returned.
        queueMicrotask(() => void this.#run(run, instance));
        // It had to wait: with it gone, the next one may.
        if (run.ticket !== undefined) this.#options.onRoom();
      },
      onReject: (rejection) => this.#rejected(run, rejection),
    });
    run.ticket = ticket;
    // It was turned away, or given up, before there was a ticket.
    if (run.isOver) ticket.cancel();
  }

  async #run(run: Run, instance: ExecutionInstance): Promise<void> {
    const { books, caller, upstream, tryHeaders, settings } = this.#options;
    if (run.isOver) return;
    const isOurs = await books.place(run.task, uuidOfInstance(instance.id), 'process');
    if (run.isOver) return;
    if (!isOurs) {
      this.#finish(run, (ticket) => ticket.cancel());
      return;
    }
    run.startedMs = this.#options.clock.now();
    const { headers, tls } = upstream(instance.id);
    const outcome = await caller.call({
      ...run.engine,
      url: instance.url,
      headers: { ...headers, ...tryHeaders(run.task) },
      tls,
      maxBytes: settings().maxResultBytes,
      timeoutMs: run.task.timeoutMs,
      signal: run.abort.signal,
    });
    if (!run.isOver) this.#ended(run, instance, outcome);
  }

  #ended(run: Run, instance: ExecutionInstance, outcome: EngineOutcome): void {
    const { random, settings } = this.#options;
    const { task } = run;
    switch (outcome.type) {
      case 'answered': {
        this.#finish(run, (ticket) => {
          ticket.firstToken();
          ticket.complete(outcome.usage);
        });
        const executionMs = Math.max(0, Math.round(this.#options.clock.now() - run.startedMs));
        void this.#store(task, { type: 'completed', result: outcome.result, executionMs });
        return;
      }
      case 'busy':
        this.#pushBack(run, instance, outcome.retryAfterMs ?? DEFAULT_PUSH_BACK_MS);
        return;
      case 'rejected':
        this.#fail(run, false, { code: 'rejected', message: outcome.message });
        return;
      case 'too-large': {
        const message = `The engine's answer is larger than ${outcome.maxBytes} bytes (tasks.maxResultBytes).`;
        this.#fail(run, false, { code: 'result_too_large', message });
        return;
      }
      case 'failed': {
        const retryAfterMs = backoffMs(task.attempt, settings().retryBackoff, random);
        const message = `${instance.id}: ${outcome.message}`;
        this.#finish(run, (ticket) => ticket.fail({ mayRetry: false, isInstanceFault: true }));
        const failure = { code: 'retries_exhausted', message } as const;
        void this.#store(task, { type: 'retry', failure, retryAfterMs });
        return;
      }
      case 'aborted':
        this.#finish(run, (ticket) => ticket.cancel());
        return;
      default:
        outcome satisfies never;
    }
  }

  #fail(run: Run, isInstanceFault: boolean, failure: TaskFailure): void {
    this.#finish(run, (ticket) => ticket.fail({ mayRetry: false, isInstanceFault }));
    void this.#store(run.task, { type: 'failed', failure });
  }

  /** The engine is full: it rests, and the task waits in the scheduler again. */
  #pushBack(run: Run, instance: ExecutionInstance, retryAfterMs: number): void {
    this.#count(this.#running, [instance.id], -1);
    run.at = undefined;
    this.#count(this.#mayCome, run.mayGoTo, 1);
    this.#beginPatience(run);
    run.ticket?.pushBack(retryAfterMs);
  }

  #rejected(run: Run, { reason, message, retryAfterMs }: Rejection): void {
    if (run.isOver) return;
    const { task } = run;
    if (reason === 'deadline') {
      this.#finish(run, () => undefined);
      void this.#store(task, { type: 'failed', failure: { code: 'deadline_exceeded', message } });
      return;
    }
    // A full queue or fleet is nobody's failure: the task waits where there is room for all.
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, retryAfterMs));
    const untilMs = this.#options.clock.now() + pauseMs;
    this.#pausedUntilMs.set(task.model, untilMs);
    this.#finish(run, () => undefined);
    void this.#store(task, { type: 'returned' });
    this.#options.onRoom(untilMs);
  }

  #beginPatience(run: Run): void {
    run.patience = this.#options.timers.setTimeout(() => this.#giveBack(run), PATIENCE_MS);
  }

  #giveBack(run: Run): void {
    if (run.isOver || run.at !== undefined) return;
    this.#finish(run, (ticket) => ticket.cancel());
    void this.#store(run.task, { type: 'returned' });
  }

  #leaveWaiting(run: Run): void {
    this.#options.timers.clearTimeout(run.patience);
    if (run.at === undefined) this.#count(this.#mayCome, run.mayGoTo, -1);
  }

  #finish(run: Run, tell: (ticket: Ticket) => void): void {
    if (run.isOver) return;
    run.isOver = true;
    this.#leaveWaiting(run);
    if (run.at !== undefined) this.#count(this.#running, [run.at], -1);
    this.#runs.delete(run.task.id);
    run.abort.abort();
    if (run.ticket !== undefined) tell(run.ticket);
    if (this.#runs.size === 0) this.#onIdle?.();
    this.#options.onRoom();
  }

  #store(task: Task, end: AttemptEnd): Promise<unknown> {
    return this.#options.books.endSurely({ taskId: task.id, attempt: task.attempt }, end);
  }

  #count(counts: Map<string, number>, instanceIds: readonly string[], by: number): void {
    for (const id of instanceIds) {
      const count = (counts.get(id) ?? 0) + by;
      if (count > 0) counts.set(id, count);
      else counts.delete(id);
    }
  }
}
