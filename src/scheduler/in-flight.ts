/** The requests that are with an instance, and what is remembered of every request from its arrival to its end. */

import type { RequestMetadata } from '../domain/index.ts';
import type { InstanceRecord } from './instance-record.ts';

/** A request over all its attempts. */
export interface Life {
  /** Dispatches so far. */
  attempts: number;
  /** Milliseconds in the queue, all attempts together. */
  queuedMs: number;
}

export interface Flight {
  readonly request: RequestMetadata;
  readonly record: InstanceRecord;
  readonly life: Life;
  readonly dispatchedMs: number;
  /** Prompt tokens that the instance was expected to hold when the request went there. */
  readonly cachedTokens: number;
  /** Epoch milliseconds of its first token; `undefined` while that is still to come. */
  firstTokenMs: number | undefined;
  /** Whether it still counts among the prompts to be computed. */
  isPrefilling: boolean;
}

export class InFlight {
  readonly #lives = new Map<string, Life>();
  readonly #flights = new Map<string, Flight>();
  #dispatchOrder = 0;

  /** Requests with an instance. */
  get count(): number {
    return this.#flights.size;
  }

  countByModel(): Readonly<Record<string, number>> {
    const counts = new Map<string, number>();
    for (const { request } of this.#flights.values()) {
      counts.set(request.model, (counts.get(request.model) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  }

  isAlive(requestId: string): boolean {
    return this.#lives.has(requestId);
  }

  begin(requestId: string): void {
    this.#lives.set(requestId, { attempts: 0, queuedMs: 0 });
  }

  /** The request is over, however it ended. */
  end(requestId: string): void {
    this.#lives.delete(requestId);
  }

  get(requestId: string): Flight | undefined {
    return this.#flights.get(requestId);
  }

  /** Puts a request on its instance, and into the instance's window and view. */
  takeOff(
    request: RequestMetadata,
    record: InstanceRecord,
    { waitedMs, cachedTokens }: { readonly waitedMs: number; readonly cachedTokens: number },
    nowMs: number,
  ): Life {
    const life = this.#lives.get(request.id)!;
    life.attempts++;
    life.queuedMs += waitedMs;
    const flight = {
      request,
      record,
      life,
      dispatchedMs: nowMs,
      cachedTokens,
      firstTokenMs: undefined,
      isPrefilling: true,
    };
    this.#flights.set(request.id, flight);
    record.dispatched(request.promptTokens, ++this.#dispatchOrder, nowMs);
    record.work.begin(flight, nowMs);
    return life;
  }

  /** Takes a request off its instance, and frees what the window and view held of it. */
  land(requestId: string, nowMs: number): Flight | undefined {
    const flight = this.#flights.get(requestId);
    if (flight === undefined) return undefined;
    this.#flights.delete(requestId);
    this.#endPrefill(flight, nowMs);
    flight.record.work.end(flight);
    flight.record.ended(nowMs);
    return flight;
  }

  /**
   * The first token of `flight`, or its whole answer, came. Engines compute prompts in the order they came in, so those that
   * went there before it are computed as well; only requests that are not streamed have not shown it by themselves.
   */
  answered(flight: Flight, nowMs: number): void {
    if (!flight.isPrefilling) return;
    for (const earlier of flight.record.work.unstreamedBefore(flight)) {
      this.#endPrefill(this.#flights.get(earlier)!, nowMs);
    }
    this.#endPrefill(flight, nowMs);
  }

  #endPrefill(flight: Flight, nowMs: number): void {
    if (!flight.isPrefilling) return;
    flight.isPrefilling = false;
    flight.record.pendingPrefillTokens -= flight.request.promptTokens;
    flight.record.work.endPrefill(flight, nowMs);
  }
}
