/** Waits for many tasks at once and gives each as it ends. */

import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type Task, type TaskClient, TaskClientError } from '../../client/index.ts';
import type { Patience } from './patience.ts';

export interface Collection {
  /** Ids that have not ended yet; taken out as they do. */
  readonly pending: Set<string>;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  onEnded(task: Task): Promise<void> | void;
  /** A task is gone: cleared, or deleted with its result. */
  onGone(id: string): void;
}

/** Calls under way at once. */
const CONCURRENCY = 8;
/** So many pending tasks are looked at again so often, in turn, in case an event was lost. */
const SWEEP_MS = 5_000;
const SWEEP_SIZE = 128;
const RECONNECT_MS = 1_000;

/** Resolves when nothing is pending, or `signal` is aborted. */
export async function collect(client: TaskClient, model: string, wish: Collection): Promise<void> {
  const { pending } = wish;
  if (pending.size === 0 || wish.signal.aborted) return;
  const over = new AbortController();
  const signal = AbortSignal.any([wish.signal, over.signal]);
  const line = new LookLine(pending);
  signal.addEventListener('abort', () => line.close());
  const sweep = setInterval(() => line.addNext(SWEEP_SIZE), SWEEP_MS);
  const listening = listen(client, model, signal, line);
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (let id = await line.next(); id !== undefined; id = await line.next()) {
      await settle(client, id, { ...wish, signal });
      if (pending.size === 0) line.close();
    }
  });
  try {
    await Promise.all([Promise.all(workers).finally(() => over.abort()), listening]);
  } finally {
    clearInterval(sweep);
    over.abort();
  }
}

/** The pending tasks that are to be looked at, each once. */
class LookLine {
  readonly #pending: ReadonlySet<string>;
  readonly #ids = new Set<string>();
  readonly #idle: ((id: string | undefined) => void)[] = [];
  #turn: Iterator<string>;
  #isClosed = false;

  constructor(pending: ReadonlySet<string>) {
    this.#pending = pending;
    this.#turn = pending.values();
  }

  add(id: string): void {
    if (!this.#pending.has(id) || this.#isClosed) return;
    const idle = this.#idle.pop();
    if (idle === undefined) this.#ids.add(id);
    else idle(id);
  }

  addAll(): void {
    for (const id of this.#pending) this.add(id);
  }

  /** The next so many in turn, so that each has its turn whatever the others do. */
  addNext(count: number): void {
    for (let i = 0; i < Math.min(count, this.#pending.size); i++) {
      let { value, done } = this.#turn.next();
      if (done) {
        this.#turn = this.#pending.values();
        ({ value, done } = this.#turn.next());
      }
      if (done) return;
      this.add(value!);
    }
  }

  /** `undefined` once it is closed. */
  next(): Promise<string | undefined> {
    const [id] = this.#ids;
    if (this.#isClosed || id !== undefined) {
      if (id !== undefined) this.#ids.delete(id);
      return Promise.resolve(this.#isClosed ? undefined : id);
    }
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
    for (const idle of this.#idle.splice(0)) idle(undefined);
  }
}

async function settle(client: TaskClient, id: string, wish: Collection): Promise<void> {
  const { pending, signal, patience } = wish;
  if (!pending.has(id)) return;
  const found = await patience.call(async () => ({ task: await client.get(id, { signal }) }));
  if (found === undefined || !pending.has(id)) return;
  const { task } = found;
  if (task !== undefined && !hasEnded(task.state)) return;
  pending.delete(id);
  if (task === undefined) wish.onGone(id);
  else await wish.onEnded(task);
}

/** Each time that listening begins, tasks may have ended before: all are looked at. */
async function listen(client: TaskClient, model: string, signal: AbortSignal, line: LookLine): Promise<void> {
  while (!signal.aborted) {
    const looking = setTimeout(() => line.addAll(), RECONNECT_MS / 2);
    try {
      for await (const { id, state } of client.events({ model, signal })) if (hasEnded(state)) line.add(id);
    } catch (error) {
      if (!signal.aborted && !(error instanceof TaskClientError)) throw error;
    }
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    clearTimeout(looking);
  }
}
