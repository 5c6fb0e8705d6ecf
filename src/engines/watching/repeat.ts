/** Runs a piece of work again and again, never twice at a time. */

import type { Clock, Random } from '../../domain/index.ts';
import type { Timers } from './timers.ts';

/** What everything that runs by itself needs to know of the world. */
export interface Surroundings {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface Repetition {
  /** The next run begins now, or right after the one in progress. */
  hurry(): void;
  /** No further run begins; the signal of one in progress is aborted. */
  stop(): void;
}

export interface Rhythm {
  /** From the start of one run to the start of the next; asked anew after each run, so that a run can change it. */
  readonly intervalMs: () => number;
  /** Each wait is the interval give or take this share, so that a fleet's requests do not march in step. */
  readonly jitterShare?: number;
  readonly firstDelayMs: number;
}

export const DEFAULT_JITTER_SHARE = 0.1;

/** Repeats `work`; the run after one that took longer than the interval begins as soon as that has ended. */
export function repeat(
  work: (signal: AbortSignal) => Promise<void>,
  { intervalMs, jitterShare = DEFAULT_JITTER_SHARE, firstDelayMs }: Rhythm,
  { clock, timers, random }: Surroundings,
): Repetition {
  const stopping = new AbortController();
  let timer: unknown;
  let isRunning = false;
  let isHurried = false;

  async function run(): Promise<void> {
    const startMs = clock.now();
    isRunning = true;
    isHurried = false;
    try {
      await work(stopping.signal);
    } finally {
      isRunning = false;
      const waitMs = intervalMs() * (1 - jitterShare + 2 * jitterShare * random.next());
      schedule(isHurried ? 0 : Math.max(0, waitMs - (clock.now() - startMs)));
    }
  }

  function schedule(delayMs: number): void {
    timers.clearTimeout(timer);
    if (stopping.signal.aborted) return;
    timer = timers.setTimeout(() => void run(), delayMs);
  }

  schedule(firstDelayMs);
  return {
    hurry() {
      isHurried = true;
      if (!isRunning) schedule(0);
    },
    stop() {
      stopping.abort();
      timers.clearTimeout(timer);
    },
  };
}
