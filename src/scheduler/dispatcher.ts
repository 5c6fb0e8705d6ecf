/** Binds waiting requests to instances: in the policy's order, as soon and as long as an instance has room. */

import type { LifecycleListener, Random } from '../domain/index.ts';
import type { Lane, SchedulingPolicy, WaitingQueue, WaitingRequest } from '../queueing/index.ts';
import type { RoutingContext, RoutingProfile } from '../routing/index.ts';
import type { Counters } from './counters.ts';
import { decisionRecord } from './decision-record.ts';
import type { Dispatch, SchedulerEffect } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { InFlight } from './in-flight.ts';
import type { InstanceRecord } from './instance-record.ts';
import type { Patience } from './patience.ts';

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
}

/** How many requests that nobody can serve now are looked past before a lane rests until the next event. */
const MAX_SKIPPED = 16;

export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Whether some instance could take the request now or as soon as work there ends. */
  couldServe({ request, lane }: Pick<WaitingRequest, 'request' | 'lane'>, nowMs: number): boolean {
    const { fleet } = this.#parts;
    return this.#parts.profile().couldServe(request, fleet.serving(lane.model), this.#context(nowMs));
  }

  /** Dispatches what can go now that `record` may have room. */
  drainInstance(record: InstanceRecord, nowMs: number, effects: SchedulerEffect[]): void {
    const { queue } = this.#parts;
    if (queue.size === 0 || !record.hasRoom(nowMs)) return;
    const lanes: Lane[] = [];
    for (const model of record.names) {
      const lane = queue.existingLane(model);
      if (lane !== undefined && lane.heap.size > 0) lanes.push(lane);
    }
    this.drainLanes(lanes, nowMs, effects);
  }

  /** Dispatches from `lanes`, in one order across all of them, until none has anything that can go. */
  drainLanes(lanes: Iterable<Lane>, nowMs: number, effects: SchedulerEffect[]): void {
    const open = new Set(lanes);
    const skipped: WaitingRequest[] = [];
    for (;;) {
      const waiting = firstOf(open);
      if (waiting === undefined) break;
      const outcome = this.#tryDispatch(waiting, nowMs);
      if (typeof outcome !== 'string') {
        effects.push(outcome);
      } else if (outcome === 'skip' && skipped.length < MAX_SKIPPED) {
        waiting.lane.heap.remove(waiting.orderSlot);
        skipped.push(waiting);
      } else {
        open.delete(waiting.lane);
      }
    }
    for (const { lane, orderSlot } of skipped) lane.heap.push(orderSlot, orderSlot.key, orderSlot.order);
  }

  /** `wait`: an instance will take it when work there ends; `skip`: none will, so others may go before it. */
  #tryDispatch(waiting: WaitingRequest, nowMs: number): Dispatch | 'wait' | 'skip' {
    const { request, lane } = waiting;
    const { fleet, inFlight, queue, patience } = this.#parts;
    if (!fleet.hasRoom(lane.model)) return 'wait';
    const profile = this.#parts.profile();
    const choice = profile.route(request, fleet.serving(lane.model), this.#context(nowMs));
    if (choice === undefined) return this.couldServe(waiting, nowMs) ? 'wait' : 'skip';
    const record = fleet.get(choice.instanceId)!;
    queue.remove(waiting);
    patience.leave(waiting);
    const life = inFlight.takeOff(request, record, nowMs - waiting.enqueuedMs, nowMs);
    fleet.track(record, nowMs);
    this.#parts.listeners().onRequestDispatched(request, record.instance, nowMs);
    this.#parts.counters.dispatched++;
    const decision = decisionRecord({
      request,
      record,
      choice,
      atMs: nowMs,
      queueMs: life.queuedMs,
      attempt: life.attempts,
      policy: this.#parts.policy().name,
      profile: profile.name,
    });
    return { type: 'dispatch', request, decision };
  }

  #context(nowMs: number): RoutingContext {
    const { inputs } = this.#parts.profile();
    return { nowMs, random: this.#parts.random, inputs };
  }
}

/** The request that goes first among the heads of `open`; lanes that have become empty are taken out of it. */
function firstOf(open: Set<Lane>): WaitingRequest | undefined {
  let first: ReturnType<Lane['heap']['peek']>;
  for (const lane of open) {
    const head = lane.heap.peek();
    if (head === undefined) open.delete(lane);
    else if (first === undefined || head.key < first.key) first = head;
    else if (head.key === first.key && head.order < first.order) first = head;
  }
  return first?.item;
}
