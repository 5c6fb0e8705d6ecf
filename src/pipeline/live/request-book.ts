/** Requests under way with the nodes that each of them occupies, and those that wait for room. */

import type { Route } from '../routing/pipeline-routing.ts';

export interface InFlight {
  readonly requestId: string;
  readonly nodeIds: readonly string[];
  readonly route: Route;
  /** Chosen here, so that another chain is chosen here when this one breaks. */
  readonly isOurs: boolean;
}

export class RequestBook {
  readonly #inFlight = new Map<string, InFlight>();
  #waiting: string[] = [];

  has(requestId: string): boolean {
    return this.#inFlight.has(requestId) || this.#waiting.includes(requestId);
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  inFlight(): Iterable<InFlight> {
    return this.#inFlight.values();
  }

  start(request: InFlight): void {
    this.#inFlight.set(request.requestId, request);
  }

  /** Takes it out; `undefined` when it waits or is not known. */
  finish(requestId: string): InFlight | undefined {
    const found = this.#inFlight.get(requestId);
    this.#inFlight.delete(requestId);
    return found;
  }

  /** In the order in which they began. */
  through(nodeId: string): readonly InFlight[] {
    return [...this.#inFlight.values()].filter(({ nodeIds }) => nodeIds.includes(nodeId));
  }

  get waiting(): readonly string[] {
    return this.#waiting;
  }

  wait(requestId: string): void {
    this.#waiting.push(requestId);
  }

  /** Those that had begun already go before those that have not. */
  waitAgain(requestIds: readonly string[]): void {
    this.#waiting = [...requestIds, ...this.#waiting];
  }

  next(): string | undefined {
    return this.#waiting.shift();
  }

  stopWaiting(requestId: string): void {
    this.#waiting = this.#waiting.filter((one) => one !== requestId);
  }
}
