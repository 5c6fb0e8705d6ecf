/** Binds waiting requests to instances: in the policy's order, as soon and as long as an instance has room. */

import type { LifecycleListener, Random } from '../domain/index.ts';
import type {
  Lane,
  NextRequest,
  OrderedRequest,
  SchedulingPolicy,
  WaitingQueue,
  WaitingRequest,
} from '../queueing/index.ts';
import type { RoutingChoice, RoutingContext, RoutingProfile } from '../routing/index.ts';
import type { Counters } from './counters.ts';
import { decisionRecord } from './decision-record.ts';
import type { Dispatch, SchedulerEffect } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { InFlight } from './in-flight.ts';
import type { InstanceRecord } from './instance-record.ts';
import type { Patience } from './patience.ts';
import { heldTokens, predictTtft } from './predict-ttft.ts';
import type { DispatchObserver } from './shadow/observer.ts';

export interface DispatcherParts {
  readonly random: Random;
  readonly queue: WaitingQueue;
  readonly fleet: Fleet;
  readonly inFlight: InFlight;
  readonly patience: Patience;
  readonly counters: Counters;
  listeners(): Required<LifecycleListener>;
  policy(): SchedulingPolicy;
  profile(): RoutingProfile;
  /** Watches without effect; usually nobody does. */
  shadow(): DispatchObserver | undefined;
}

/** How many requests that nobody can serve now are looked past before a lane rests until the next event. */
const MAX_SKIPPED = 16;

/** The same for requests that only some instances may serve: they wait for these, and nobody else has to. */
const MAX_RESTRICTED_SKIPPED = 512;

/** When a policy that lets nobody go though there is room is asked again, should nothing happen before; as in sageLLM's guide. */
const ASK_AGAIN_MS = 100;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** Lanes from which the policy let nobody go though there was room, and when it is to be asked again. */
  readonly #heldBack = new Map<Lane, number>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Whether some instance could take the request now or as soon as work there ends. */
  couldServe({ request, lane }: Pick<WaitingRequest, 'request' | 'lane'>, nowMs: number): boolean {
    const { fleet } = this.#parts;
    return this.#parts.profile().couldServe(request, fleet.serving(lane.model), this.#context(nowMs, lane));
  }

  /** Dispatches what can go now that `record` may have room. */
  drainInstance(record: InstanceRecord, nowMs: number, effects: SchedulerEffect[]): void {
    const { queue } = this.#parts;
    if (queue.size === 0 || !record.hasRoom(nowMs)) return;
    const lanes: Lane[] = [];
    for (const model of record.names) {
      const lane = queue.existingLane(model);
      if (lane !== undefined && lane.size > 0) lanes.push(lane);
    }
    this.drainLanes(lanes, nowMs, effects);
  }

  /** Dispatches from `lanes`, in one order across all of them, until none has anything that can go. */
  drainLanes(lanes: Iterable<Lane>, nowMs: number, effects: SchedulerEffect[]): void {
    const open = new Set(lanes);
    const skipped: [Lane, OrderedRequest][] = [];
    let restricted = 0;
    while (open.size > 0) {
      const lane = firstOf(open);
      const next = this.#nextOf(lane, nowMs);
      const outcome = next === undefined ? 'wait' : this.#tryDispatch(next, lane, nowMs);
      if (typeof outcome !== 'string') {
        effects.push(outcome);
      } else if (outcome === 'skip' && next !== undefined && mayLookPast(next, skipped.length, restricted)) {
        if (next.waiting.request.onlyInstances !== undefined) restricted++;
        lane.order.remove(next.waiting);
        this.#parts.shadow()?.onLeft(next.waiting);
        skipped.push([lane, next.waiting]);
      } else {
        open.delete(lane);
        if (next === undefined) this.#noteHeldBack(lane, nowMs);
      }
    }
    for (const [lane, waiting] of skipped) {
      lane.order.add(waiting);
      this.#parts.shadow()?.onJoined(waiting);
    }
  }

  /** Epoch milliseconds at which a policy is to be asked again that let nobody go; `Infinity` when there is none. */
  nextAskMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const atMs of this.#heldBack.values()) next = Math.min(next, atMs);
    return next;
  }

  askAgain(nowMs: number, effects: SchedulerEffect[]): void {
    if (this.#heldBack.size === 0) return;
    const due = [...this.#heldBack].filter(([, atMs]) => atMs <= nowMs).map(([lane]) => lane);
    for (const lane of due) this.#heldBack.delete(lane);
    this.drainLanes(due, nowMs, effects);
  }

  #noteHeldBack(lane: Lane, nowMs: number): void {
    if (lane.order.size > 0 && this.#parts.fleet.hasRoom(lane.model))
      this.#heldBack.set(lane, nowMs + ASK_AGAIN_MS);
    else if (this.#heldBack.size > 0) this.#heldBack.delete(lane);
  }

  #nextOf(lane: Lane, nowMs: number): NextRequest | undefined {
    const { fleet } = this.#parts;
    if (!fleet.hasRoom(lane.model)) return undefined;
    return lane.order.next({ nowMs, instances: fleet.serving(lane.model) });
  }

  /**
   * `wait`: an instance will take it when work there ends; `skip`: none will, or only some may, which are not those with room: so
   * others may go before it.
   */
  #tryDispatch(next: NextRequest, lane: Lane, nowMs: number): Dispatch | 'wait' | 'skip' {
    const { request } = next.waiting;
    const choice = this.#choose(next, lane, nowMs);
    if (choice !== undefined) return this.#dispatch(this.#parts.queue.get(request.id)!, choice, nowMs);
    if (request.onlyInstances !== undefined) return 'skip';
    return this.couldServe({ request, lane }, nowMs) ? 'wait' : 'skip';
  }

  /** Where the policy says, if that instance can take it now; else where the profile says. */
  #choose(
    { waiting, instanceId, reason }: NextRequest,
    lane: Lane,
    nowMs: number,
  ): RoutingChoice | undefined {
    const { request } = waiting;
    const records = this.#parts.fleet.serving(lane.model);
    const profile = this.#parts.profile();
    const wanted = instanceId === undefined ? undefined : this.#parts.fleet.get(instanceId);
    const choice = wanted?.names.includes(lane.model)
      ? profile.route(request, [wanted], this.#context(nowMs, lane))
      : undefined;
    if (choice === undefined) return profile.route(request, records, this.#context(nowMs, lane));
    return reason === undefined ? choice : { ...choice, reason: () => reason };
  }

  #dispatch(waiting: WaitingRequest, choice: RoutingChoice, nowMs: number): Dispatch {
    const { fleet, inFlight, queue, patience, counters } = this.#parts;
    const { request } = waiting;
    const { inputs, name: profile } = this.#parts.profile();
    const policy = this.#parts.policy().name;
    const record = fleet.get(choice.instanceId)!;
    const shadow = this.#parts.shadow();
    shadow?.onChoice({
      ...{ waiting, choice, inputs, profile, policy, nowMs },
      views: fleet.serving(waiting.lane.model),
    });
    queue.remove(waiting);
    shadow?.onLeft(waiting);
    patience.leave(waiting);
    // Before listeners hear of the dispatch: one of them is the index, which will count this prompt as held there.
    const cachedTokens = heldTokens(request, record, inputs);
    const predictedTtftMs = predictTtft(request, record, cachedTokens, inputs.predictor, nowMs);
    const facts = { waitedMs: nowMs - waiting.enqueuedMs, cachedTokens };
    const life = inFlight.takeOff(request, record, facts, nowMs);
    fleet.track(record, nowMs);
    counters.dispatched++;
    this.#parts.listeners().onRequestDispatched(request, record.instance, nowMs);
    const decision = decisionRecord({
      request,
      record,
      choice,
      atMs: nowMs,
      queueMs: life.queuedMs,
      attempt: life.attempts,
      policy,
      profile,
      predictedTtftMs,
    });
    shadow?.onDecision(decision);
    return { type: 'dispatch', request, decision };
  }

  #context(nowMs: number, { model }: Pick<Lane, 'model'>): RoutingContext {
    const { inputs } = this.#parts.profile();
    return { nowMs, random: this.#parts.random, inputs, windows: this.#parts.fleet.windows(model) };
  }
}

function mayLookPast({ waiting }: NextRequest, skipped: number, restricted: number): boolean {
  if (waiting.request.onlyInstances !== undefined) return restricted < MAX_RESTRICTED_SKIPPED;
  return skipped - restricted < MAX_SKIPPED;
}

/** The lane whose first request goes soonest. */
function firstOf(open: ReadonlySet<Lane>): Lane {
  let first: Lane | undefined;
  let firstKey = Number.POSITIVE_INFINITY;
  for (const lane of open) {
    const key = open.size === 1 ? 0 : lane.order.headKey();
    if (first !== undefined && key >= firstKey) continue;
    first = lane;
    firstKey = key;
  }
  return first!;
}
