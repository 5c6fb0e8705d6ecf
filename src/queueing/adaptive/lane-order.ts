/** The order of one lane that can go about in several ways: one order for each, all kept, so that changing costs nothing. */

import { type InstanceView, priorityRank, type RequestMetadata } from '../../domain/index.ts';
import type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from '../order.ts';
import { sloDueMs } from '../slack.ts';
import { ADAPTIVE_WAYS, type AdaptiveChoice, type AdaptiveWay, chooseSteadily } from './choice.ts';
import type { AdaptiveParameters } from './parameters.ts';

export interface AdaptiveOrderParts {
  readonly parameters: AdaptiveParameters;
  readonly orders: Readonly<Record<AdaptiveWay, RequestOrder>>;
  switched(from: AdaptiveWay, choice: AdaptiveChoice, nowMs: number): void;
}

const HIGH = priorityRank('HIGH');

export class AdaptiveOrder implements RequestOrder {
  readonly #parts: AdaptiveOrderParts;
  #way: AdaptiveWay = 'slo-aware';
  #highPriority = 0;
  #withSlo = 0;
  readonly #waiting = new Set<OrderedRequest>();
  #evaluatedMs = Number.NEGATIVE_INFINITY;
  #switchedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: AdaptiveOrderParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get way(): AdaptiveWay {
    return this.#way;
  }

  add(waiting: OrderedRequest): void {
    this.#waiting.add(waiting);
    this.#count(waiting.request, 1);
    for (const way of ADAPTIVE_WAYS) this.#parts.orders[way].add(waiting);
  }

  remove(waiting: OrderedRequest): void {
    if (!this.#waiting.delete(waiting)) return;
    this.#count(waiting.request, -1);
    for (const way of ADAPTIVE_WAYS) this.#parts.orders[way].remove(waiting);
  }

  next(context: OrderContext): NextRequest | undefined {
    this.#reconsider(context);
    return this.#parts.orders[this.#way].next(context);
  }

  headKey(): number {
    return this.#parts.orders[this.#way].headKey();
  }

  ahead(waiting: OrderedRequest, nowMs: number): number {
    return this.#parts.orders[this.#way].ahead(waiting, nowMs);
  }

  #reconsider({ nowMs, instances }: OrderContext): void {
    const { evaluateEveryMs, windowMs } = this.#parts.parameters;
    if (nowMs - this.#evaluatedMs < evaluateEveryMs || nowMs - this.#switchedMs < windowMs) return;
    this.#evaluatedMs = nowMs;
    const facts = {
      waiting: this.#waiting.size,
      highPriority: this.#highPriority,
      withSlo: this.#withSlo,
      load: meanLoad(instances),
    };
    const choice = chooseSteadily(facts, this.#parts.parameters, this.#way);
    if (choice.way === this.#way) return;
    const from = this.#way;
    this.#way = choice.way;
    this.#switchedMs = nowMs;
    this.#parts.switched(from, choice, nowMs);
  }

  #count(request: RequestMetadata, sign: 1 | -1): void {
    if (priorityRank(request.priority) <= HIGH) this.#highPriority += sign;
    if (sloDueMs(request) !== undefined) this.#withSlo += sign;
  }
}

/** Of those in rotation. */
function meanLoad(instances: readonly InstanceView[]): number {
  let sum = 0;
  let count = 0;
  for (const { state, inFlightRequests, windowRequests } of instances) {
    if (state !== 'ready') continue;
    sum += windowRequests === 0 ? 1 : Math.min(1, inFlightRequests / windowRequests);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
