/** A waiting request's place in its lane, cheap enough to tell every waiting caller now and then. */

import type { Clock } from '../domain/index.ts';
import type { Lane, WaitingQueue } from '../queueing/index.ts';

/** A lane's keys are sorted at most this often, however many ask. */
const FRESH_MS = 1_000;

interface SortedKeys {
  readonly keys: Float64Array;
  readonly atMs: number;
}

export class QueuePositions {
  readonly #queue: WaitingQueue;
  readonly #clock: Clock;
  readonly #sorted = new WeakMap<Lane, SortedKeys>();

  constructor(queue: WaitingQueue, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  /** 1 for the next one to go, as of up to a second ago; `undefined` when the request does not wait. */
  of(requestId: string): number | undefined {
    const waiting = this.#queue.get(requestId);
    if (waiting === undefined) return undefined;
    const keys = this.#keysOf(waiting.lane);
    return countBelow(keys, waiting.orderSlot.key) + 1;
  }

  #keysOf(lane: Lane): Float64Array {
    const nowMs = this.#clock.now();
    const known = this.#sorted.get(lane);
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.keys;
    const keys = lane.heap.keys().sort();
    this.#sorted.set(lane, { keys, atMs: nowMs });
    return keys;
  }
}

function countBelow(sorted: Float64Array, key: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
