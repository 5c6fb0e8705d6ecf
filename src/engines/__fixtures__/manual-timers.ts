/** Timers and a clock that move only when a test says so. */

import { ManualClock } from '../../domain/index.ts';
import type { Timers } from '../watching/timers.ts';

interface Pending {
  readonly id: number;
  readonly dueMs: number;
  readonly callback: () => void;
}

export class ManualTimers implements Timers {
  readonly clock = new ManualClock(1_000_000);
  #pending: Pending[] = [];
  #nextId = 1;

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Milliseconds until the next timer is due; `undefined` when none is set. */
  nextDelayMs(): number | undefined {
    const next = this.#next();
    return next && next.dueMs - this.clock.now();
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const id = this.#nextId++;
    this.#pending.push({ id, dueMs: this.clock.now() + delayMs, callback });
    return id;
  }

  clearTimeout(handle: unknown): void {
    this.#pending = this.#pending.filter(({ id }) => id !== handle);
  }

  /** Lets time pass; what the timers start has come as far as it can without real I/O when this resolves. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.clock.now() + byMs;
    await settle();
    for (let next = this.#next(); next && next.dueMs <= untilMs; next = this.#next()) {
      this.clearTimeout(next.id);
      this.clock.moveTo(Math.max(next.dueMs, this.clock.now()));
      next.callback();
      await settle();
    }
    this.clock.moveTo(untilMs);
  }

  #next(): Pending | undefined {
    return this.#pending.reduce<Pending | undefined>(
      (first, timer) => (first && first.dueMs <= timer.dueMs ? first : timer),
      undefined,
    );
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
