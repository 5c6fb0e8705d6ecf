/** Waits for many tasks at once and gives each as it ends. */

import { hasEnded, type Task, type TaskClient, TaskClientError } from '../../client/index.ts';

export interface Collection {
  /** Ids that have not ended yet; taken out as they do. */
  readonly pending: Set<string>;
  readonly signal: AbortSignal;
  onEnded(task: Task): Promise<void> | void;
  /** A task is gone: cleared, or its result expired. */
  onGone(id: string): void;
}

/** Calls under way at once. */
const CONCURRENCY = 8;
/** Pending tasks looked at again this often, in case an event was lost with its connection. */
const SWEEP_MS = 5_000;
const SWEEP_SIZE = 64;

/** Resolves when nothing is pending, or `signal` is aborted. */
export async function collect(client: TaskClient, model: string, wish: Collection): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([wish.signal, over.signal]);
  const queue: string[] = [...wish.pending];
  let wake: () => void = () => undefined;
  const look = (id: string): void => {
    queue.push(id);
    wake();
  };
  signal.addEventListener('abort', () => wake());
  const sweep = setInterval(() => {
    for (const id of [...wish.pending].slice(0, SWEEP_SIZE)) look(id);
  }, SWEEP_MS);
  const listening = listen(client, model, signal, (id) => wish.pending.has(id) && look(id));
  try {
    while (wish.pending.size > 0 && !signal.aborted) {
      const ids = [...new Set(queue.splice(0, CONCURRENCY))].filter((id) => wish.pending.has(id));
      await Promise.all(ids.map((id) => settle(client, id, wish)));
      if (queue.length === 0 && wish.pending.size > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0 || signal.aborted) resolve();
        });
      }
    }
  } finally {
    clearInterval(sweep);
    over.abort();
    await listening;
  }
}

async function settle(client: TaskClient, id: string, wish: Collection): Promise<void> {
  const task = await client.get(id, { signal: wish.signal }).catch(whenAborted(wish.signal));
  if (task === 'aborted' || !wish.pending.has(id)) return;
  if (task === undefined) {
    wish.pending.delete(id);
    wish.onGone(id);
  } else if (hasEnded(task.state)) {
    wish.pending.delete(id);
    await wish.onEnded(task);
  }
}

function whenAborted(signal: AbortSignal): (error: unknown) => 'aborted' {
  return (error) => {
    if (signal.aborted) return 'aborted';
    throw error;
  };
}

/** The server may restart meanwhile: then the events begin again, and the sweep finds what was missed. */
async function listen(
  client: TaskClient,
  model: string,
  signal: AbortSignal,
  onEnded: (id: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { id, state } of client.events({ model, signal })) if (hasEnded(state)) onEnded(id);
    } catch (error) {
      const isLost = error instanceof TaskClientError || error instanceof TypeError;
      if (!signal.aborted && !isLost) throw error;
    }
    if (!signal.aborted) await pause(1_000, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
