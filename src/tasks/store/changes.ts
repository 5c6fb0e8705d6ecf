/** Tells listeners of changes: those of this process at once, those of others as their messages come. */

import type { TaskState } from '../task.ts';
import type { TaskChange } from './task-store.ts';

/** What all processes read again when one of them changed it: instances and settings. */
const SHARED = 'shared';

export class ChangeFeed {
  readonly #listeners = new Set<(change: TaskChange) => void>();
  readonly #sharedListeners = new Set<() => void>();
  readonly #onError: (error: Error) => void;

  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  watch(listener: (change: TaskChange) => void): () => void {
    // The same function may watch twice; each is a listener of its own.
    const own = (change: TaskChange): void => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  watchShared(listener: () => void): () => void {
    const own = (): void => listener();
    this.#sharedListeners.add(own);
    return () => this.#sharedListeners.delete(own);
  }

  /** Another process changed instances or settings, or may have. */
  publishShared(): void {
    for (const listener of this.#sharedListeners) {
      try {
        listener();
      } catch (error) {
        this.#onError(error as Error);
      }
    }
  }

  publish(changes: readonly TaskChange[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) {
        try {
          listener(change);
        } catch (error) {
          this.#onError(error as Error);
        }
      }
    }
  }
}

/** NOTIFY takes payloads below 8000 bytes. */
const MAX_PAYLOAD_BYTES = 7900;
const MAX_IDS = 150;

interface Message {
  readonly from: string;
  readonly model: string;
  readonly state: TaskState;
  readonly atMs: number;
  readonly ids: readonly string[];
}

/** Changes as payloads for other processes; what is too long for one is left to their polling. */
export function packChanges(from: string, changes: readonly TaskChange[]): readonly string[] {
  const groups = new Map<string, { change: TaskChange; ids: string[] }>();
  for (const change of changes) {
    const key = JSON.stringify([change.model, change.state, change.atMs]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { change, ids: [change.taskId] });
    else group.ids.push(change.taskId);
  }
  const payloads: string[] = [];
  for (const { change, ids } of groups.values()) {
    for (let first = 0; first < ids.length; first += MAX_IDS) {
      const { model, state, atMs } = change;
      const message: Message = { from, model, state, atMs, ids: ids.slice(first, first + MAX_IDS) };
      const payload = JSON.stringify(message);
      if (Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES) payloads.push(payload);
    }
  }
  return payloads;
}

export function packShared(from: string): string {
  return JSON.stringify({ from, about: SHARED });
}

export function isOthersShared(me: string, payload: string): boolean {
  try {
    const message = JSON.parse(payload) as { readonly from?: unknown; readonly about?: unknown } | null;
    return message?.about === SHARED && message.from !== me;
  } catch {
    return false;
  }
}

/** The changes in a payload; none when it is our own, or not one of ours at all. */
export function unpackChanges(me: string, payload: string): readonly TaskChange[] {
  let message: Message;
  try {
    message = JSON.parse(payload) as Message;
  } catch {
    return [];
  }
  if (message?.from === me || !Array.isArray(message?.ids)) return [];
  const { model, state, atMs } = message;
  return message.ids.map((taskId) => ({ taskId, model, state, atMs }));
}
