/** The requests that wait: a heap per model, and beside it what shedding and deadlines need to find theirs quickly. */

import { priorityRank, REQUEST_PRIORITIES, type RequestMetadata, tokenFootprint } from '../domain/index.ts';
import { type HeapSlot, heapSlot, IndexedHeap } from './indexed-heap.ts';
import { LinkedList, type ListNode } from './linked-list.ts';
import type { OrderedRequest, RequestOrder } from './order.ts';
import type { SchedulingPolicy } from './policy.ts';

/** How much waits. */
export interface QueueAmounts {
  readonly requests: number;
  readonly tokens: number;
  /** Of requests' bodies. */
  readonly bytes: number;
}

/** One waiting request and its places in the queue's structures. */
export interface WaitingRequest extends OrderedRequest {
  readonly bytes: number;
  readonly lane: Lane;
  readonly deadlineSlot: HeapSlot<WaitingRequest>;
  readonly laneNode: ListNode<WaitingRequest>;
  readonly classNode: ListNode<WaitingRequest>;
}

/** The requests that wait for one model. */
export class Lane {
  readonly model: string;
  /** In the policy's order. */
  order: RequestOrder;
  /** In the order of joining. */
  readonly joined = new LinkedList<WaitingRequest>();
  readonly countByRank: number[] = REQUEST_PRIORITIES.map(() => 0);
  waitingTokens = 0;

  constructor(model: string, order: RequestOrder) {
    this.model = model;
    this.order = order;
  }

  get size(): number {
    return this.order.size;
  }
}

export class WaitingQueue {
  readonly #policy: () => SchedulingPolicy;
  readonly #lanes = new Map<string, Lane>();
  readonly #byId = new Map<string, WaitingRequest>();
  readonly #classes = REQUEST_PRIORITIES.map(() => new LinkedList<WaitingRequest>());
  readonly #byRank = REQUEST_PRIORITIES.map(() => ({ requests: 0, tokens: 0, bytes: 0 }));
  readonly #deadlines = new IndexedHeap<WaitingRequest>();
  #joinedCount = 0;
  #tokens = 0;
  #bytes = 0;

  /** @param policy asked anew for each request that joins, so that it can be switched while requests wait */
  constructor(policy: () => SchedulingPolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#byId.size;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get bytes(): number {
    return this.#bytes;
  }

  lanes(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  lane(model: string): Lane {
    let lane = this.#lanes.get(model);
    if (lane === undefined) {
      lane = new Lane(model, this.#policy().createOrder());
      this.#lanes.set(model, lane);
    }
    return lane;
  }

  existingLane(model: string): Lane | undefined {
    return this.#lanes.get(model);
  }

  /** Forgets lanes without requests, so that model names do not pile up. */
  dropLane(lane: Lane): void {
    if (lane.size === 0) this.#lanes.delete(lane.model);
  }

  get(requestId: string): WaitingRequest | undefined {
    return this.#byId.get(requestId);
  }

  add(request: RequestMetadata, nowMs: number): WaitingRequest {
    if (this.#byId.has(request.id)) throw new Error(`request ${request.id} waits already`);
    const lane = this.lane(request.model);
    const rank = priorityRank(request.priority);
    const tokens = tokenFootprint(request);
    const joinOrder = this.#joinedCount++;
    const bytes = request.bodyBytes ?? 0;
    const joining = { request, lane, tokens, bytes, enqueuedMs: nowMs, joinOrder };
    const waiting = createWaiting(joining, this.#classes[rank]!);
    this.#byId.set(request.id, waiting);
    lane.order.add(waiting);
    const { deadlineMs } = request;
    if (deadlineMs !== undefined) this.#deadlines.push(waiting.deadlineSlot, deadlineMs, joinOrder);
    this.#count(waiting, rank, 1);
    return waiting;
  }

  remove(waiting: WaitingRequest): void {
    const { request, lane } = waiting;
    if (this.#byId.get(request.id) !== waiting) return;
    const rank = priorityRank(request.priority);
    this.#byId.delete(request.id);
    lane.order.remove(waiting);
    lane.joined.remove(waiting.laneNode);
    this.#deadlines.remove(waiting.deadlineSlot);
    this.#classes[rank]!.remove(waiting.classNode);
    this.#count(waiting, rank, -1);
  }

  /** Orders everything that waits by the current policy again; for when the policy was switched. */
  reorder(): void {
    for (const lane of this.#lanes.values()) {
      const before = lane.order;
      lane.order = this.#policy().createOrder();
      // Out of the old order first: both may be of one policy, which counts who waits in all its orders.
      for (let node = lane.joined.first; node !== undefined; node = node.next) before.remove(node.item);
      for (let node = lane.joined.first; node !== undefined; node = node.next) lane.order.add(node.item);
    }
  }

  /** The request whose deadline comes first. */
  earliestDeadline(): WaitingRequest | undefined {
    return this.#deadlines.peek()?.item;
  }

  /** The newest request of the lowest class that waits, if that class ranks below `rank`. */
  *sheddableBelow(rank: number): IterableIterator<WaitingRequest> {
    for (let lower = this.#classes.length - 1; lower > rank; lower--) {
      for (let node = this.#classes[lower]!.last; node !== undefined; ) {
        const previous = node.previous;
        yield node.item;
        node = previous;
      }
    }
  }

  /** How much waits in classes below `rank`. */
  below(rank: number): QueueAmounts {
    const sum = { requests: 0, tokens: 0, bytes: 0 };
    for (let lower = rank + 1; lower < this.#byRank.length; lower++) {
      const { requests, tokens, bytes } = this.#byRank[lower]!;
      sum.requests += requests;
      sum.tokens += tokens;
      sum.bytes += bytes;
    }
    return sum;
  }

  #count(waiting: WaitingRequest, rank: number, sign: 1 | -1): void {
    const tokens = sign * waiting.tokens;
    const bytes = sign * waiting.bytes;
    this.#tokens += tokens;
    this.#bytes += bytes;
    const ofRank = this.#byRank[rank]!;
    ofRank.requests += sign;
    ofRank.tokens += tokens;
    ofRank.bytes += bytes;
    waiting.lane.waitingTokens += tokens;
    waiting.lane.countByRank[rank]! += sign;
  }
}

type Joining = Pick<WaitingRequest, 'request' | 'lane' | 'tokens' | 'bytes' | 'enqueuedMs' | 'joinOrder'>;

function createWaiting(joining: Joining, sameClass: LinkedList<WaitingRequest>): WaitingRequest {
  const waiting = { ...joining } as { -readonly [Key in keyof WaitingRequest]: WaitingRequest[Key] };
  waiting.deadlineSlot = heapSlot<WaitingRequest>(waiting);
  waiting.laneNode = joining.lane.joined.append(waiting);
  waiting.classNode = sameClass.append(waiting);
  return waiting;
}
