/** Events of one request between the engine that makes them and the reader that awaits them. */

/** One reader; leaving its loop early calls `onLeave`. */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #onLeave: () => void;
  #ready: T[] = [];
  #read = 0;
  #isEnded = false;
  #waiting: ((result: IteratorResult<T>) => void) | undefined;

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(event: T): void {
    if (this.#isEnded) return;
    if (this.#waiting === undefined) this.#ready.push(event);
    else this.#hand({ value: event, done: false });
  }

  end(): void {
    this.#isEnded = true;
    if (this.#waiting !== undefined) this.#hand({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#read < this.#ready.length) {
      const value = this.#ready[this.#read++]!;
      if (this.#read === this.#ready.length) {
        this.#ready = [];
        this.#read = 0;
      }
      return Promise.resolve({ value, done: false });
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.end();
    this.#onLeave();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #hand(result: IteratorResult<T>): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve?.(result);
  }
}
