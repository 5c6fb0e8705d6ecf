/** The paths of the batch API as a table, and who answers them. */

import { type Clock, SignalboxError } from '../../domain/index.ts';
import { type BatchParts, cancelBatch, createBatch, getBatch, listBatches } from './batch-calls.ts';
import type { BatchStore } from './batch-store.ts';
import type { BatchAnswer, BatchCall } from './call.ts';
import { createFile, deleteFile, fileContent, getFile, listFiles } from './file-calls.ts';

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: RegExp;
  answer(parts: BatchParts, call: BatchCall, id: string): Promise<BatchAnswer>;
}

const FILES = /^\/v1\/files$/;
const FILE = /^\/v1\/files\/([\w-]+)$/;
const BATCHES = /^\/v1\/batches$/;
const BATCH = /^\/v1\/batches\/([\w-]+)$/;

/** One more call is one more row. */
const ROUTES: readonly Route[] = [
  { method: 'POST', path: FILES, answer: createFile },
  { method: 'GET', path: FILES, answer: listFiles },
  { method: 'GET', path: FILE, answer: getFile },
  { method: 'DELETE', path: FILE, answer: deleteFile },
  { method: 'GET', path: /^\/v1\/files\/([\w-]+)\/content$/, answer: fileContent },
  { method: 'POST', path: BATCHES, answer: createBatch },
  { method: 'GET', path: BATCHES, answer: listBatches },
  { method: 'GET', path: BATCH, answer: getBatch },
  { method: 'POST', path: /^\/v1\/batches\/([\w-]+)\/cancel$/, answer: cancelBatch },
];

export interface BatchDoor {
  isFor(path: string): boolean;
  /** @throws SignalboxError */
  answer(call: BatchCall): Promise<BatchAnswer>;
}

export interface BatchDoorParts {
  readonly clock: Clock;
  /** The storage, which may still be opening. */
  store(): Promise<BatchStore>;
  wake(): void;
}

export function createBatchDoor({ clock, store, wake }: BatchDoorParts): BatchDoor {
  return {
    isFor: (path) => /^\/v1\/(files|batches)(\/|$)/.test(path),
    async answer(call) {
      const here = ROUTES.filter(({ path }) => path.test(call.path));
      const route = here.find(({ method }) => method === call.method);
      if (route === undefined) throw nothingAnswers(call, here);
      const id = route.path.exec(call.path)?.[1] ?? '';
      return route.answer({ clock, wake, store: await store() }, call, id);
    },
  };
}

function nothingAnswers({ method, path }: BatchCall, here: readonly Route[]): SignalboxError {
  if (here.length === 0) {
    return new SignalboxError('unknown_path', `Nothing answers ${method} ${path.slice(0, 120)}.`);
  }
  const allowed = here.map((route) => route.method).join(', ');
  return new SignalboxError('method_not_allowed', `${path} takes ${allowed}; found ${method}.`);
}
