/** Waits for many tasks at once and gives each as it ends. */

import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type Task, type TaskClient, TaskClientError } from '../../client/index.ts';
import { LookLine } from './look-line.ts';
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

/** Calls under way at once: for tasks that are said to have ended, and for those that may have. */
const FETCHING = 4;
const LOOKING = 4;
/** After a look at a task that had not ended: others are served by the same machine. */
const MISS_PAUSE_MS = 50;
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
  const ended = new LookLine(pending);
  const others = new LookLine(pending);
  signal.addEventListener('abort', () => {
    ended.close();
    others.close();
  });
  const settled = (id: string): Promise<boolean> =>
    settle(client, id, { ...wish, signal }).finally(() => pending.size === 0 && over.abort());
  const work = [
    ...times(FETCHING, () => ended.empty(settled)),
    ...times(LOOKING, () =>
      others.empty(async (id) => {
        if (!(await settled(id))) await pause(MISS_PAUSE_MS, signal);
      }),
    ),
  ];
  const sweep = setInterval(() => others.addNext(SWEEP_SIZE), SWEEP_MS);
  const listening = listen(client, model, signal, {
    onEnded: (id) => ended.add(id),
    onConnected: () => others.addAll(),
  });
  try {
    await Promise.all([...work, listening]);
  } finally {
    clearInterval(sweep);
    over.abort();
  }
}

function times<T>(count: number, make: () => T): readonly T[] {
  return Array.from({ length: count }, make);
}

/** Whether the task is over. */
async function settle(client: TaskClient, id: string, wish: Collection): Promise<boolean> {
  const { pending, signal, patience } = wish;
  if (!pending.has(id)) return true;
  const found = await patience
    .call(async () => ({ task: await client.get(id, { signal }) }))
    .catch((error: unknown) => {
      // What is not waited for any more may break off as it likes.
      if (!signal.aborted) throw error;
      return undefined;
    });
  if (found === undefined || !pending.has(id)) return true;
  const { task } = found;
  if (task !== undefined && !hasEnded(task.state)) return false;
  pending.delete(id);
  if (task === undefined) wish.onGone(id);
  else await wish.onEnded(task);
  return true;
}

interface Listener {
  onEnded(id: string): void;
  /** Listening began, or began again: tasks may have ended before. */
  onConnected(): void;
}

async function listen(
  client: TaskClient,
  model: string,
  signal: AbortSignal,
  { onEnded, onConnected }: Listener,
): Promise<void> {
  while (!signal.aborted) {
    const looking = setTimeout(onConnected, RECONNECT_MS / 2);
    try {
      for await (const { id, state } of client.events({ model, signal })) if (hasEnded(state)) onEnded(id);
    } catch (error) {
      if (!signal.aborted && !(error instanceof TaskClientError)) throw error;
    }
    await pause(RECONNECT_MS, signal);
    clearTimeout(looking);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
