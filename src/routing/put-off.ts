/** News of dispatches whose booking waits until the decision is delivered, or until somebody asks. */

import type { ExecutionInstance, RequestMetadata } from '../domain/index.ts';

/** Nobody has to settle; so this bounds what is put off. */
const MAX_PUT_OFF = 256;

interface Dispatch {
  readonly request: RequestMetadata;
  readonly instance: ExecutionInstance;
}

export class PutOffDispatches {
  readonly #book: (request: RequestMetadata, instance: ExecutionInstance) => void;
  readonly #waiting: Dispatch[] = [];

  constructor(book: (request: RequestMetadata, instance: ExecutionInstance) => void) {
    this.#book = book;
  }

  add(request: RequestMetadata, instance: ExecutionInstance): void {
    if (this.#waiting.push({ request, instance }) >= MAX_PUT_OFF) this.settle();
  }

  /** Books them, in the order in which they came. */
  settle(): void {
    if (this.#waiting.length === 0) return;
    for (const { request, instance } of this.#waiting) this.#book(request, instance);
    this.#waiting.length = 0;
  }
}
