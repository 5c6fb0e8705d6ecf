/** The brain: a deterministic state machine. Events go in, decisions come out; time and chance are handed in. */

import {
  afterFailureOn,
  type Clock,
  type LifecycleListener,
  type Random,
  type RequestMetadata,
} from '../domain/index.ts';
import {
  type AdmissionGate,
  type Lane,
  type PolicyFigures,
  policyFigures,
  type SchedulingPolicy,
  WaitingQueue,
  type WaitingRequest,
} from '../queueing/index.ts';
import type { RoutingProfile } from '../routing/index.ts';
import { completionFacts } from './completion-facts.ts';
import { Counters } from './counters.ts';
import { Dispatcher } from './dispatcher.ts';
import { DrainRate, retryAfterMs } from './drain-rate.ts';
import { enter } from './entrance.ts';
import type {
  DispatchFailure,
  RejectionReason,
  SchedulerEffect,
  SchedulerEvent,
  TokenUsage,
} from './events.ts';
import { Fleet } from './fleet.ts';
import { FleetChanges } from './fleet-changes.ts';
import { InFlight } from './in-flight.ts';
import type { InstanceRecord } from './instance-record.ts';
import { combineListeners } from './listeners.ts';
import { Patience } from './patience.ts';
import { RetryBudget } from './retry-budget.ts';
import type { SchedulerSettings } from './settings.ts';
import type { ShadowReport } from './shadow/report.ts';
import type { Shadow } from './shadow/shadow.ts';

export interface SchedulerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: SchedulingPolicy;
  readonly profile: RoutingProfile;
  readonly settings: SchedulerSettings;
  /** Turns away whom waiting would not help; without one, only the queue's limits count. */
  readonly gate?: AdmissionGate;
  /** Told of every request's life and of the fleet, after the policy: predictors, the prefix index, collectors. */
  readonly listeners?: readonly LifecycleListener[];
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #changes: FleetChanges;
  readonly #patience: Patience;
  readonly #drainRate = new DrainRate();
  #policy: SchedulingPolicy;
  #profile: RoutingProfile;
  #settings: SchedulerSettings;
  #retryBudget: RetryBudget;
  #effects: SchedulerEffect[] = [];
  #isSettled = true;
  readonly #gate: AdmissionGate | undefined;
  readonly #ownListeners: readonly LifecycleListener[];
  #shadow: Shadow | undefined;
  #listeners: Required<LifecycleListener>;
  readonly queue: WaitingQueue;
  readonly fleet = new Fleet();
  readonly inFlight = new InFlight();
  readonly counters = new Counters();

  constructor(parts: SchedulerParts) {
    this.#clock = parts.clock;
    this.#policy = parts.policy;
    this.#profile = parts.profile;
    this.#settings = parts.settings;
    this.#retryBudget = new RetryBudget(parts.settings.retries.budgetShare);
    this.#gate = parts.gate;
    this.#ownListeners = parts.listeners ?? [];
    this.#listeners = this.#allListeners();
    this.queue = new WaitingQueue(() => this.#policy);
    this.#patience = new Patience(() => this.#settings.noInstanceWaitMs);
    const shared = {
      queue: this.queue,
      fleet: this.fleet,
      patience: this.#patience,
      listeners: () => this.#listeners,
    };
    this.#changes = new FleetChanges({
      ...shared,
      reportStaleAfterMs: () => this.#settings.reportStaleAfterMs,
    });
    this.#dispatcher = new Dispatcher({
      ...shared,
      random: parts.random,
      inFlight: this.inFlight,
      counters: this.counters,
      policy: () => this.#policy,
      profile: () => this.#profile,
      shadow: () => this.#shadow,
    });
  }

  get settings(): SchedulerSettings {
    return this.#settings;
  }

  drainRatePerSecond(): number {
    return this.#drainRate.perSecond(this.#clock.now());
  }

  /** Epoch milliseconds at which `time-passed` is due at the latest; `Infinity` when time alone changes nothing. */
  nextWakeMs(): number {
    const deadlineMs = this.queue.earliestDeadline()?.request.deadlineMs ?? Number.POSITIVE_INFINITY;
    const dueMs = Math.min(deadlineMs, this.#patience.nextMs(), this.fleet.nextChangeMs());
    return Math.min(dueMs, this.#dispatcher.nextAskMs());
  }

  /** Switches policy, profile or settings while requests wait and run; nothing is lost. */
  reconfigure(parts: Partial<Pick<SchedulerParts, 'policy' | 'profile' | 'settings'>>): SchedulerEffect[] {
    if (parts.profile !== undefined) this.#profile = parts.profile;
    if (parts.settings !== undefined) {
      this.#settings = parts.settings;
      this.#retryBudget = new RetryBudget(parts.settings.retries.budgetShare);
      for (const record of this.fleet.records()) record.staleAfterMs = parts.settings.reportStaleAfterMs;
    }
    if (parts.policy !== undefined) {
      this.#policy = parts.policy;
      this.#listeners = this.#allListeners();
      for (const { instance } of this.fleet.records()) parts.policy.onInstanceRegistered?.(instance);
      this.queue.reorder();
    }
    const effects = this.handle({ type: 'time-passed' });
    this.#drainLanes(this.queue.lanes(), this.#clock.now());
    return effects;
  }

  /** From now on `shadow` decides too, without effect, beginning with what waits now; `undefined` ends it. */
  setShadow(shadow: Shadow | undefined): void {
    this.#shadow = shadow;
    this.#listeners = this.#allListeners();
    if (shadow === undefined) return;
    for (const { instance } of this.fleet.records()) shadow.listener.onInstanceRegistered?.(instance);
    for (const lane of this.queue.lanes()) {
      for (let node = lane.joined.first; node !== undefined; node = node.next) shadow.onJoined(node.item);
    }
  }

  policyFigures(): PolicyFigures {
    return policyFigures(this.#policy);
  }

  shadowReport(): ShadowReport | undefined {
    return this.#shadow?.report();
  }

  #allListeners(): Required<LifecycleListener> {
    const shadow = this.#shadow === undefined ? [] : [this.#shadow.listener];
    return combineListeners([this.#policy, ...this.#ownListeners, ...shadow]);
  }

  /**
   * Takes in one event and returns what follows from it, in order. What time alone has brought about since the last event
   * comes first.
   * @throws Error when a request arrives whose id is in use
   */
  handle(event: SchedulerEvent): SchedulerEffect[] {
    this.settle();
    this.#isSettled = false;
    const nowMs = this.#clock.now();
    this.#effects = [];
    this.#letTimePass(nowMs);
    this.#apply(event, nowMs);
    return this.#effects;
  }

  /**
   * Lets listeners do what they put off for the sake of the latest decisions. Call it once those are delivered; whoever does
   * not has it done at the next event.
   */
  settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#listeners.onSettled();
  }

  #apply(event: SchedulerEvent, nowMs: number): void {
    switch (event.type) {
      case 'request-arrived':
        this.#arrive(event.request, nowMs);
        break;
      case 'request-first-token':
        this.#firstToken(event.requestId, nowMs);
        break;
      case 'request-completed':
        this.#complete(event.requestId, event.usage ?? {}, nowMs);
        break;
      case 'request-failed':
        this.#fail(event, nowMs);
        break;
      case 'request-pushed-back':
        this.#pushBack(event.requestId, event.retryAfterMs, nowMs);
        break;
      case 'request-cancelled':
        this.#cancel(event.requestId, nowMs);
        break;
      case 'time-passed':
        break;
      default:
        this.#drainInstance(this.#changes.apply(event, nowMs), nowMs);
    }
  }

  // What happens to requests

  #arrive(request: RequestMetadata, nowMs: number): void {
    if (this.inFlight.isAlive(request.id)) throw new Error(`request ${request.id} is here already`);
    this.counters.arrived++;
    this.#retryBudget.arrival();
    const lane = this.queue.lane(request.model);
    // An instance with room takes the request straight from an empty lane, however full other lanes are.
    const goesAtOnce = lane.size === 0 && this.fleet.hasRoom(lane.model);
    if (goesAtOnce || this.#makeRoom(request, nowMs)) {
      this.inFlight.begin(request.id);
      this.#enqueue(request, nowMs);
      this.#expireDeadlines(nowMs);
      this.#drainLanes([lane], nowMs);
    }
    this.#changes.dropUnservedLane(lane);
  }

  /** Sheds what must leave for `request` to join; when that is not allowed, rejects it and returns `false`. */
  #makeRoom(request: RequestMetadata, nowMs: number): boolean {
    const drainRatePerSecond = this.#drainRate.perSecond(nowMs);
    const admission = enter(request, this, { gate: this.#gate, drainRatePerSecond, nowMs });
    if (!admission.isAdmitted) {
      this.#listeners.onRequestFailed(request, undefined, nowMs, 'rejected');
      this.#reject(request, admission.reason, admission.message, nowMs);
      return false;
    }
    for (const victim of admission.victims) {
      const message = `Made room for a ${request.priority} request while the queue was full.`;
      this.#turnAway(victim, 'shed', message, nowMs);
    }
    return true;
  }

  #enqueue(request: RequestMetadata, nowMs: number): void {
    const waiting = this.queue.add(request, nowMs);
    this.#shadow?.onJoined(waiting);
    this.#changes.noteLane(waiting.lane, nowMs);
    if (request.failedInstances.length > 0) this.#patience.watch(waiting, nowMs);
  }

  #firstToken(requestId: string, nowMs: number): void {
    const flight = this.inFlight.get(requestId);
    if (flight === undefined) return;
    this.inFlight.answered(flight, nowMs);
    if (flight.firstTokenMs === undefined) {
      flight.firstTokenMs = nowMs;
      const ttftMs = nowMs - flight.dispatchedMs;
      this.#listeners.onFirstToken(flight.request, flight.record.instance, ttftMs, nowMs);
    }
    flight.record.succeeded(nowMs);
    this.fleet.track(flight.record, nowMs);
    this.#drainInstance(flight.record, nowMs);
  }

  #complete(requestId: string, usage: TokenUsage, nowMs: number): void {
    const flight = this.inFlight.get(requestId);
    if (flight === undefined) return;
    this.inFlight.answered(flight, nowMs);
    this.inFlight.land(requestId, nowMs);
    this.counters.completed++;
    this.inFlight.end(requestId);
    const facts = completionFacts(flight, usage, nowMs);
    this.#listeners.onRequestCompleted(flight.request, facts, flight.record.instance, nowMs);
    flight.record.succeeded(nowMs);
    this.#drainRate.count(nowMs);
    this.#freed(flight.record, nowMs);
  }

  #fail(event: DispatchFailure, nowMs: number): void {
    const flight = this.inFlight.land(event.requestId, nowMs);
    if (flight === undefined) return;
    const { record, life } = flight;
    if (!event.isInstanceFault) record.succeeded(nowMs);
    else if (record.failed(nowMs, this.#settings.health)) this.counters.ejected++;
    const retried = afterFailureOn(flight.request, record.instance.id);
    const obstacle = event.mayRetry ? this.#retryObstacle(retried, nowMs) : undefined;
    const isRetried = event.mayRetry && obstacle === undefined;
    this.#listeners.onRequestFailed(flight.request, record.instance, nowMs, isRetried ? 'retried' : 'failed');
    this.#changes.stateChanged(record, nowMs);
    if (isRetried) {
      this.counters.retried++;
      this.#enqueue(retried, nowMs);
      this.#drainLanes([this.queue.lane(retried.model)], nowMs);
    } else {
      this.inFlight.end(event.requestId);
      if (obstacle === undefined) this.counters.failed++;
      else this.#reject(retried, 'retries-exhausted', `${obstacle} (attempts: ${life.attempts}).`, nowMs);
    }
    this.#drainRate.count(nowMs);
    this.#freed(record, nowMs);
  }

  /** Why a request must not be tried again, in words; `undefined` when it may. */
  #retryObstacle(request: RequestMetadata, nowMs: number): string | undefined {
    const { maxRetries } = this.#settings.retries;
    if (request.retries > maxRetries) return `It was retried ${maxRetries} times already`;
    const lane = this.queue.lane(request.model);
    if (!this.#dispatcher.couldServe({ request, lane }, nowMs)) return 'No other instance can serve it';
    return this.#retryBudget.trySpend(nowMs) ? undefined : 'The retry budget is spent';
  }

  #pushBack(requestId: string, pauseMs: number, nowMs: number): void {
    const flight = this.inFlight.land(requestId, nowMs);
    if (flight === undefined) return;
    const { record, request } = flight;
    this.counters.pushedBack++;
    this.#listeners.onRequestFailed(request, record.instance, nowMs, 'pushed-back');
    record.rest(nowMs + pauseMs);
    this.#enqueue(request, nowMs);
    this.#freed(record, nowMs);
    this.#drainLanes([this.queue.lane(request.model)], nowMs);
  }

  #cancel(requestId: string, nowMs: number): void {
    const waiting = this.queue.get(requestId);
    const flight = this.inFlight.land(requestId, nowMs);
    if (waiting === undefined && flight === undefined) return;
    this.counters.cancelled++;
    this.inFlight.end(requestId);
    const { request } = (waiting ?? flight)!;
    this.#listeners.onRequestFailed(request, flight?.record.instance, nowMs, 'cancelled');
    if (waiting !== undefined) {
      this.#leaveQueue(waiting);
      this.#drainLanes([waiting.lane], nowMs);
    }
    if (flight !== undefined) this.#freed(flight.record, nowMs);
  }

  #reject(request: RequestMetadata, reason: RejectionReason, message: string, nowMs: number): void {
    this.counters.rejected[reason]++;
    // Where nobody serves, the queue's length says nothing of when somebody will.
    const isServed = this.fleet.serving(request.model).some(({ state }) => state === 'ready');
    const rate = isServed ? this.#drainRate.perSecond(nowMs) : 0;
    const wait = retryAfterMs(this.queue.size + 1, rate);
    this.#effects.push({ type: 'reject', requestId: request.id, reason, message, retryAfterMs: wait });
  }

  #turnAway(waiting: WaitingRequest, reason: RejectionReason, message: string, nowMs: number): void {
    this.#leaveQueue(waiting);
    this.inFlight.end(waiting.request.id);
    this.#listeners.onRequestFailed(waiting.request, undefined, nowMs, 'rejected');
    this.#reject(waiting.request, reason, message, nowMs);
  }

  #leaveQueue(waiting: WaitingRequest): void {
    this.queue.remove(waiting);
    this.#shadow?.onLeft(waiting);
    this.#patience.leave(waiting);
    this.#changes.dropUnservedLane(waiting.lane);
  }

  // What happens as time passes

  #letTimePass(nowMs: number): void {
    this.#expireDeadlines(nowMs);
    for (const record of this.fleet.recovered(nowMs)) {
      this.#changes.stateChanged(record, nowMs);
      this.#drainInstance(record, nowMs);
    }
    this.#expirePatience(nowMs);
    this.#dispatcher.askAgain(nowMs, this.#effects);
  }

  #expireDeadlines(nowMs: number): void {
    for (;;) {
      const waiting = this.queue.earliestDeadline();
      if (waiting === undefined || waiting.request.deadlineMs! > nowMs) return;
      const waitedMs = Math.round(nowMs - waiting.request.arrivalMs);
      this.#turnAway(waiting, 'deadline', `The deadline passed after ${waitedMs} ms in the queue.`, nowMs);
      // What it kept from going, as the first in its lane, may go now.
      this.#drainLanes([waiting.lane], nowMs);
    }
  }

  #expirePatience(nowMs: number): void {
    const { noInstanceWaitMs } = this.#settings;
    for (;;) {
      const waiting = this.#patience.nextOfDeadLanes(nowMs);
      if (waiting === undefined) break;
      const message = `No instance of model "${waiting.lane.model}" became available within ${noInstanceWaitMs} ms.`;
      this.#turnAway(waiting, 'no-instance', message, nowMs);
    }
    for (;;) {
      const waiting = this.#patience.nextSingle(nowMs);
      if (waiting === undefined) break;
      if (this.#dispatcher.couldServe(waiting, nowMs)) this.#patience.watch(waiting, nowMs);
      else this.#turnAway(waiting, 'retries-exhausted', 'No other instance can serve it.', nowMs);
    }
  }

  #drainLanes(lanes: Iterable<Lane>, nowMs: number): void {
    this.#dispatcher.drainLanes(lanes, nowMs, this.#effects);
  }

  #drainInstance(record: InstanceRecord | undefined, nowMs: number): void {
    if (record !== undefined) this.#dispatcher.drainInstance(record, nowMs, this.#effects);
  }

  #freed(record: InstanceRecord, nowMs: number): void {
    this.#changes.freed(record, nowMs);
    this.#drainInstance(record, nowMs);
  }
}
