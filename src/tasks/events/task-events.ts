/** News of tasks for everybody who listens, and waiting for the end of one. */

import type { Timers } from '../../engines/index.ts';
import type { TaskChange } from '../store/task-store.ts';
import { isFinal } from '../task.ts';

export type ChangeListener = (change: TaskChange) => void;

export class TaskEvents {
  readonly #timers: Timers;
  readonly #onListenerError: (error: unknown) => void;
  readonly #listeners = new Set<ChangeListener>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(timers: Timers, onListenerError: (error: unknown) => void) {
    this.#timers = timers;
    this.#onListenerError = onListenerError;
  }

  readonly tell = (change: TaskChange): void => {
    if (isFinal(change.state)) this.#release(change.taskId);
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  };

  subscribe(listener: ChangeListener): () => void {
    // A listener of its own for each call, so that the same function can be there twice.
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /**
   * A wait that has begun: what happens from now on ends it. `over` resolves when the task is final, after `waitMs`, or when `signal`
   * is aborted; `stop` must be called in any case.
   */
  waitFor(taskId: string, waitMs: number, signal?: AbortSignal): { over: Promise<void>; stop(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#timers.setTimeout(resolve, waitMs);
    const waiting = this.#waiting.get(taskId) ?? new Set();
    waiting.add(resolve);
    this.#waiting.set(taskId, waiting);
    const onAbort = (): void => resolve();
    if (signal?.aborted === true) resolve();
    signal?.addEventListener('abort', onAbort);
    return {
      over: promise,
      stop: () => {
        this.#timers.clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(taskId) === waiting) this.#waiting.delete(taskId);
        resolve();
      },
    };
  }

  /** Ends every wait. */
  releaseAll(): void {
    for (const taskId of [...this.#waiting.keys()]) this.#release(taskId);
  }

  get waits(): number {
    return this.#waiting.size;
  }

  #release(taskId: string): void {
    const waiting = this.#waiting.get(taskId);
    if (waiting === undefined) return;
    this.#waiting.delete(taskId);
    for (const resolve of waiting) resolve();
  }
}
