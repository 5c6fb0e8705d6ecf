/** Keeps a long command alive while the server is away for a moment: restarted, or out of room. */

import { setTimeout as sleep } from 'node:timers/promises';
import { TaskClientError } from '../../client/index.ts';

export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** How long nothing may get through before it is given up, milliseconds. */
  readonly patienceMs?: number;
  readonly pauseMs?: number;
  /** Why nothing gets through now; `undefined` once something did. */
  onWaiting?(reason: string | undefined): void;
}

const PATIENCE_MS = 120_000;
const PAUSE_MS = 1_000;

/** Shared by all calls of a command: what one of them got through with counts for all. */
export class Patience {
  readonly #options: PatienceOptions;
  #lastSuccessMs: number | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /**
   * Nothing is waited for before the first call got through: until then, a wrong address is likelier than a restart.
   * @returns `undefined` when the command was interrupted
   */
  async call<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { signal, pauseMs = PAUSE_MS, onWaiting } = this.#options;
    while (!signal.aborted) {
      try {
        const result = await work();
        this.#lastSuccessMs = performance.now();
        onWaiting?.(undefined);
        return result;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!this.#mayPass(error)) throw error;
        onWaiting?.(error.status === 0 ? 'the server is not reached' : `the server answers ${error.status}`);
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  #mayPass(error: unknown): error is TaskClientError {
    const { patienceMs = PATIENCE_MS } = this.#options;
    if (!(error instanceof TaskClientError) || !error.mayPass || this.#lastSuccessMs === undefined)
      return false;
    return performance.now() - this.#lastSuccessMs < patienceMs;
  }
}
