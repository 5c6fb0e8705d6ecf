/** The order of one lane: a band for each class, strict but for a guaranteed share of each. */

import { priorityRank, REQUEST_PRIORITIES } from '../../domain/index.ts';
import type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from '../order.ts';
import { DEFAULT_AGING_MS } from '../priority.ts';
import { Band, type BandEntry, type BandSettings } from './band.ts';
import { isBelowCeiling } from './ceiling.ts';

/** What an order needs of its policy. */
export interface LaneOrderParts {
  /** Share of the service that each class but the first is guaranteed while it has requests waiting. */
  readonly bandShare: number;
  /** How steeply classes leave room unused for higher ones as the instances fill; 0 when they do not. */
  readonly ceilingSlope: number;
  readonly band: BandSettings;
  /** A request's place, made when it joins. */
  enter(waiting: OrderedRequest, order: LaneOrder): BandEntry;
  /** Told of each that leaves, dispatched or not. */
  left(entry: BandEntry, order: LaneOrder): void;
  /** Milliseconds by which a tenant steps back, between lanes, for what it has got more than others. */
  handicapMs(entry: BandEntry): number;
}

export class LaneOrder implements RequestOrder {
  readonly bands: readonly Band[];
  readonly #parts: LaneOrderParts;
  readonly #entries = new Map<OrderedRequest, BandEntry>();
  #nowMs = 0;

  constructor(parts: LaneOrderParts) {
    this.#parts = parts;
    this.bands = REQUEST_PRIORITIES.map((_, rank) => new Band(rank, parts.band));
  }

  get size(): number {
    return this.#entries.size;
  }

  add(waiting: OrderedRequest): void {
    const entry = this.#parts.enter(waiting, this);
    this.#entries.set(waiting, entry);
    entry.band.add(entry);
  }

  remove(waiting: OrderedRequest): void {
    const entry = this.#entries.get(waiting);
    if (entry === undefined) return;
    this.#entries.delete(waiting);
    entry.band.remove(entry);
    this.#parts.left(entry, this);
  }

  next(context: OrderContext): NextRequest | undefined {
    this.#nowMs = context.nowMs;
    return this.#pick(context);
  }

  /** Counts one dispatch: those that had to wait meanwhile are owed their share of it. */
  charge(served: BandEntry, cost: number): void {
    for (const band of this.bands) if (band.size > 0) band.owed += this.#parts.bandShare * cost;
    served.band.owed = Math.max(0, served.band.owed - cost);
    served.band.charge(served, cost);
  }

  /** The most urgent of each band's next, on one scale with ageing, so that of two lanes neither starves. */
  headKey(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const band of this.bands) {
      const entry = band.size === 0 ? undefined : band.peek(this.#nowMs);
      if (entry === undefined) continue;
      const key =
        entry.waiting.request.arrivalMs + band.rank * DEFAULT_AGING_MS + this.#parts.handicapMs(entry);
      if (key < first) first = key;
    }
    return first;
  }

  /** An estimate: all of higher classes, and as many of each other tenant as go of its own. */
  ahead(waiting: OrderedRequest, nowMs: number): number {
    const entry = this.#entries.get(waiting);
    if (entry === undefined) return 0;
    const { band, flow } = entry;
    const own = flow.queue.ahead(entry, nowMs);
    const others = Math.min(band.size - flow.queue.size, own * (band.tenants - 1));
    const rank = priorityRank(waiting.request.priority);
    return this.bands.slice(0, rank).reduce((sum, { size }) => sum + size, own + others);
  }

  /** The highest class, unless a lower one is owed enough for its next; who is owed goes whatever the ceiling. */
  #pick({ nowMs, instances }: OrderContext): BandEntry | undefined {
    let highest: Band | undefined;
    for (const band of this.bands) {
      if (band.size === 0) continue;
      if (highest === undefined) {
        highest = band;
      } else if (band.owed >= band.headCost(nowMs)) {
        const entry = band.peek(nowMs);
        if (entry !== undefined && band.owed >= entry.cost) return entry;
      }
    }
    if (highest === undefined) return undefined;
    if (highest.owed > 0 && highest.owed >= highest.headCost(nowMs)) return highest.peek(nowMs);
    return isBelowCeiling(highest.rank, this.#parts.ceilingSlope, instances)
      ? highest.peek(nowMs)
      : undefined;
  }
}
