/** Sends requests at their own moments, whether or not the answers keep up: an open loop, unless it is bounded. */

import type { TraceRequest } from '../../simulator/index.ts';

export interface SendTimes {
  /** When the trace wants the request sent, `performance.now()`. */
  readonly intendedAtMs: number;
  /** How much later than it could it was sent, for reasons of ours. */
  readonly latenessMs: number;
  /** How long `concurrency` held it back. */
  readonly heldBackMs: number;
}

export interface SenderOptions {
  /** Times faster than the trace. */
  readonly speed: number;
  /** The most in flight; infinite for an open loop. */
  readonly concurrency: number;
  /** Ends the sending. */
  readonly signal: AbortSignal;
}

export interface Sender<Prepared> {
  /** Done ahead of time, while the moment to send is awaited. */
  prepare(request: TraceRequest): Prepared;
  /** Resolves when the request has ended, however; never rejects. */
  send(prepared: Prepared, request: TraceRequest, times: SendTimes): Promise<void>;
}

/** Resolves when everything that was sent has ended. */
export async function sendAll<Prepared>(
  requests: AsyncIterable<TraceRequest>,
  sender: Sender<Prepared>,
  options: SenderOptions,
): Promise<void> {
  const slots = new Slots(options.concurrency, options.signal);
  let start: { readonly atMs: number; readonly arrivalMs: number } | undefined;
  for await (const request of requests) {
    const prepared = sender.prepare(request);
    start ??= { atMs: performance.now(), arrivalMs: request.arrivalMs };
    const intendedAtMs = start.atMs + (request.arrivalMs - start.arrivalMs) / options.speed;
    await sleepUntil(intendedAtMs, options.signal);
    const freeAtMs = await slots.take(intendedAtMs);
    if (options.signal.aborted) break;
    const times = {
      intendedAtMs,
      latenessMs: Math.max(0, performance.now() - freeAtMs),
      heldBackMs: freeAtMs - intendedAtMs,
    };
    slots.hold(sender.send(prepared, request, times));
  }
  await slots.allFree();
}

/** Lets the event loop run in any case, so that a generator that is behind still hears the answers. */
async function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
  if (performance.now() >= atMs) return new Promise((resolve) => setImmediate(resolve));
  for (let leftMs = atMs - performance.now(); leftMs > 0; leftMs = atMs - performance.now()) {
    if (signal.aborted) return;
    await sleep(Math.min(leftMs, LONGEST_TIMER_MS), signal);
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.ceil(ms));
    signal.addEventListener('abort', end);
  });
}

class Slots {
  readonly #limit: number;
  readonly #signal: AbortSignal;
  #held = 0;
  /** Whoever was due before this stood behind a request that waited, and was held back as well. */
  #blockedUntilMs = 0;
  #wake: (() => void) | undefined;

  constructor(limit: number, signal: AbortSignal) {
    this.#limit = limit;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  /** Waits for a free slot, or the end; tells when there was one, at the earliest `fromMs`. */
  async take(fromMs: number): Promise<number> {
    if (this.#held >= this.#limit) {
      while (this.#held >= this.#limit && !this.#signal.aborted) await this.#change();
      this.#blockedUntilMs = performance.now();
    }
    return Math.max(fromMs, this.#blockedUntilMs);
  }

  hold(work: Promise<void>): void {
    this.#held += 1;
    void work.finally(() => {
      this.#held -= 1;
      this.#wake?.();
    });
  }

  async allFree(): Promise<void> {
    while (this.#held > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
