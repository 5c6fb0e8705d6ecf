/** Tasks with input and result, a piece of a listing at a time: results may be large, and nobody has memory for a thousand of those. */

import type { TaskFilter } from './store/task-store.ts';
import type { Task } from './task.ts';
import type { TaskService } from './task-service.ts';

export interface WholePiece {
  readonly tasks: readonly Task[];
  /** Of all that came so far, as JSON. */
  readonly characters: number;
  /** Where to go on after this piece; absent at the end. */
  readonly nextCursor?: string;
}

export interface WholeWish {
  readonly cursor?: string;
  readonly maxTasks?: number;
}

/** A piece is meant to be no larger than this; how large tasks are is learnt from those that came. */
const PIECE_CHARACTERS = 8 * 1024 * 1024;
const FIRST_PIECE = 4;
const LARGEST_PIECE = 500;

export async function* wholeTasks(
  service: Pick<TaskService, 'list' | 'getMany'>,
  filter: TaskFilter,
  { cursor, maxTasks = Number.POSITIVE_INFINITY }: WholeWish = {},
): AsyncGenerator<WholePiece, void, undefined> {
  let next = cursor;
  let size = FIRST_PIECE;
  let count = 0;
  let characters = 0;
  do {
    const limit = Math.min(size, maxTasks - count);
    const page = await service.list(filter, { limit, ...(next !== undefined && { cursor: next }) });
    const tasks = await inOrder(
      service,
      page.tasks.map(({ id }) => id),
    );
    next = page.nextCursor;
    count += page.tasks.length;
    characters += tasks.reduce((sum, task) => sum + charactersOf(task), 0);
    yield { tasks, characters, ...(next !== undefined && { nextCursor: next }) };
    size = Math.max(
      1,
      Math.min(LARGEST_PIECE, Math.floor((PIECE_CHARACTERS * count) / Math.max(1, characters))),
    );
  } while (next !== undefined && count < maxTasks);
}

async function inOrder(
  service: Pick<TaskService, 'getMany'>,
  ids: readonly string[],
): Promise<readonly Task[]> {
  if (ids.length === 0) return [];
  const byId = new Map((await service.getMany(ids)).map((task) => [task.id, task]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function charactersOf({ input, result, metadata }: Task): number {
  return JSON.stringify([input, result ?? null, metadata]).length;
}
