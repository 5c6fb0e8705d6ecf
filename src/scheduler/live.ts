/** The scheduler joined to real time: it tells each door what became of its requests, and wakes by itself when time is up. */

import {
  type Clock,
  type ExecutionInstance,
  type FleetEvent,
  priorityRank,
  type RequestMetadata,
  type RequestPriority,
} from '../domain/index.ts';
import type { PolicyFigures } from '../queueing/index.ts';
import type { SchedulerDoor, Ticket, TicketHandlers } from './door.ts';
import type { SchedulerEffect, SchedulerEvent } from './events.ts';
import type {
  DecisionListener,
  InstanceStatus,
  QueueStatus,
  SchedulerCounters,
  SchedulerInspection,
} from './inspection.ts';
import { Scheduler, type SchedulerParts } from './scheduler.ts';
import type { ShadowReport } from './shadow/report.ts';
import { Shadow, type ShadowParts } from './shadow/shadow.ts';
import { instanceStatus, queueStatus } from './status.ts';

/** Timers as something handed in; `globalThis` has them. */
export interface Timers {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: never): void;
}

export interface LiveSchedulerParts extends SchedulerParts {
  readonly timers: Timers;
  /** Told of each decision, with the microseconds it took. */
  readonly onDecision?: DecisionListener;
  /** Milliseconds with fractions, only for measuring how long a decision takes; the clock where it is left out. */
  readonly stopwatch?: Clock;
}

/**
 * What the table of requests points to. A table that churns is copied again and again, and its copies keep what they point to
 * until the next full garbage collection; so at a request's end this lets go of all that hangs on its handlers.
 */
interface Submitted {
  handlers: TicketHandlers | undefined;
}

/** The longest delay that timers take; a later wake-up is reached in several steps. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export class LiveScheduler implements SchedulerDoor, SchedulerInspection {
  readonly #scheduler: Scheduler;
  readonly #parts: LiveSchedulerParts;
  readonly #submitted = new Map<string, Submitted>();
  readonly #events: SchedulerEvent[] = [];
  #isHandling = false;
  #timer: { readonly handle: unknown; readonly atMs: number } | undefined;
  #isClosed = false;

  constructor(parts: LiveSchedulerParts) {
    this.#parts = parts;
    this.#scheduler = new Scheduler(parts);
  }

  submit(request: RequestMetadata, handlers: TicketHandlers): Ticket {
    const unique = this.#withUniqueId(request);
    const requestId = unique.id;
    this.#submitted.set(requestId, { handlers });
    const ticket: Ticket = {
      requestId,
      position: () => this.#positionOf(requestId),
      firstToken: () => this.#tell({ type: 'request-first-token', requestId }),
      complete: (usage = {}) => this.#finish({ type: 'request-completed', requestId, usage }),
      fail: ({ mayRetry, isInstanceFault }) => {
        const event = { type: 'request-failed', requestId, mayRetry, isInstanceFault } as const;
        if (mayRetry) this.#tell(event);
        else this.#finish(event);
      },
      pushBack: (retryAfterMs) => this.#tell({ type: 'request-pushed-back', requestId, retryAfterMs }),
      cancel: () => this.#finish({ type: 'request-cancelled', requestId }),
    };
    this.#tell({ type: 'request-arrived', request: unique });
    return ticket;
  }

  tellFleet(event: FleetEvent): void {
    this.#tell(event);
  }

  reconfigure(parts: Parameters<Scheduler['reconfigure']>[0]): void {
    this.#deliver(this.#scheduler.reconfigure(parts), 0);
    this.#scheduler.settle();
    this.#setTimer();
  }

  instance(instanceId: string): ExecutionInstance | undefined {
    return this.#scheduler.fleet.get(instanceId)?.instance;
  }

  modelNames(): readonly string[] {
    return this.#scheduler.fleet.modelNames();
  }

  /** How many more requests the instance's window would take now. */
  /** Requests of the model that wait and are of a higher class than `priority`. */
  waitingAbove(model: string, priority: RequestPriority): number {
    const counts = this.#scheduler.queue.existingLane(model)?.countByRank ?? [];
    return counts.slice(0, priorityRank(priority)).reduce((sum, count) => sum + count, 0);
  }

  freeRequests(instanceId: string): number {
    const record = this.#scheduler.fleet.get(instanceId);
    if (record?.hasRoom(this.#parts.clock.now()) !== true) return 0;
    return record.windowRequests - record.inFlightRequests;
  }

  /** Cheap enough to be asked at every event. */
  waitingRequests(): number {
    return this.#scheduler.queue.size;
  }

  instances(): readonly InstanceStatus[] {
    const nowMs = this.#parts.clock.now();
    return Array.from(this.#scheduler.fleet.records(), (record) => instanceStatus(record, nowMs));
  }

  queue(): QueueStatus {
    return queueStatus(this.#scheduler, this.#parts.clock.now());
  }

  counters(): SchedulerCounters {
    const { counters } = this.#scheduler;
    return { ...counters, rejected: { ...counters.rejected } };
  }

  policy(): PolicyFigures {
    return this.#scheduler.policyFigures();
  }

  shadow(): ShadowReport | undefined {
    return this.#scheduler.shadowReport();
  }

  /** Lets another profile or policy decide beside the real ones, without effect; `undefined` ends it. */
  setShadow(parts: ShadowParts | undefined): void {
    this.#scheduler.setShadow(parts && new Shadow(parts, this.#parts.clock.now()));
  }

  /** Stops waking; requests that still wait are no longer timed. */
  close(): void {
    this.#isClosed = true;
    this.#clearTimer();
  }

  #positionOf(requestId: string): number | undefined {
    const waiting = this.#scheduler.queue.get(requestId);
    return waiting && waiting.lane.order.ahead(waiting, this.#parts.clock.now()) + 1;
  }

  /** Two callers may send the same id; the second gets a suffix. */
  #withUniqueId(request: RequestMetadata): RequestMetadata {
    if (!this.#submitted.has(request.id)) return request;
    let number = 2;
    while (this.#submitted.has(`${request.id}~${number}`)) number++;
    return Object.freeze({ ...request, id: `${request.id}~${number}` });
  }

  #finish(event: SchedulerEvent & { readonly requestId: string }): void {
    if (this.#release(event.requestId) !== undefined) this.#tell(event);
  }

  #release(requestId: string): TicketHandlers | undefined {
    const submitted = this.#submitted.get(requestId);
    if (submitted === undefined) return undefined;
    this.#submitted.delete(requestId);
    const { handlers } = submitted;
    submitted.handlers = undefined;
    return handlers;
  }

  /** Handlers may tell of further events while effects are delivered; those wait their turn. */
  #tell(event: SchedulerEvent): void {
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift())
        this.#handle(next);
    } finally {
      this.#isHandling = false;
    }
    this.#setTimer();
  }

  #handle(event: SchedulerEvent): void {
    const stopwatch = this.#parts.stopwatch ?? this.#parts.clock;
    const startMs = stopwatch.now();
    const effects = this.#scheduler.handle(event);
    if (effects.length > 0) this.#deliver(effects, (stopwatch.now() - startMs) * 1_000);
    this.#scheduler.settle();
  }

  #deliver(effects: readonly SchedulerEffect[], tookMicros: number): void {
    for (const effect of effects) {
      if (effect.type === 'reject') {
        this.#release(effect.requestId)?.onReject(effect);
        continue;
      }
      const { decision, request } = effect;
      this.#parts.onDecision?.(decision, tookMicros / effects.length);
      // The caller may have gone since; then its cancellation waits among the events.
      const instance = this.#scheduler.fleet.get(decision.instanceId)?.instance;
      if (instance !== undefined)
        this.#submitted.get(request.id)?.handlers?.onDispatch(decision, instance, request);
    }
  }

  #setTimer(): void {
    const wakeMs = this.#scheduler.nextWakeMs();
    if (this.#timer?.atMs === wakeMs || this.#isClosed) return;
    this.#clearTimer();
    if (wakeMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(LONGEST_DELAY_MS, Math.max(0, Math.ceil(wakeMs - this.#parts.clock.now())));
    const handle = this.#parts.timers.setTimeout(() => {
      this.#timer = undefined;
      this.#tell({ type: 'time-passed' });
    }, delayMs);
    this.#timer = { handle, atMs: wakeMs };
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#parts.timers.clearTimeout(this.#timer.handle as never);
    this.#timer = undefined;
  }
}
