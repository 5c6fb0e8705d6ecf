import { describe, expect, it } from 'vitest';
import { aTask } from './store/__fixtures__/a-task.ts';
import type { Task } from './task.ts';
import { type WholePiece, type WholeWish, wholeTasks } from './whole-tasks.ts';

/** A listing of as many tasks as there are sizes, each with a result of that many characters. */
async function pieces(sizes: readonly number[], wish: WholeWish = {}): Promise<readonly WholePiece[]> {
  const tasks = sizes.map(
    (size): Task => ({ ...aTask(), state: 'completed', attempt: 1, result: 'x'.repeat(size) }),
  );
  const service = {
    list: async (_: object, { limit, cursor = '0' }: { limit: number; cursor?: string }) => {
      const end = Number(cursor) + limit;
      return {
        tasks: tasks.slice(Number(cursor), end),
        ...(end < tasks.length && { nextCursor: String(end) }),
      };
    },
    getMany: async (ids: readonly string[]) => tasks.filter(({ id }) => ids.includes(id)).toReversed(),
  };
  const found: WholePiece[] = [];
  for await (const piece of wholeTasks(service, {}, wish)) found.push(piece);
  expect(found.flatMap((piece) => piece.tasks)).toEqual(tasks.slice(0, wish.maxTasks));
  return found;
}

describe('whole tasks', () => {
  it('come in the order of the listing, small ones many at a time', async () => {
    const found = await pieces(Array.from({ length: 1_204 }, () => 10));
    expect(found.map(({ tasks }) => tasks.length)).toEqual([4, 500, 500, 200]);
  });

  it('come one or two at a time where they are large', async () => {
    const found = await pieces(Array.from({ length: 7 }, () => 4 * 1024 * 1024));
    expect(found.map(({ tasks }) => tasks.length)).toEqual([4, 1, 1, 1]);
  });

  it('are no more than asked for, and tell where to go on', async () => {
    const found = await pieces([1, 1, 1, 1, 1, 1, 1], { maxTasks: 6 });
    expect(found.at(-1)?.nextCursor).toBe('6');
    expect(await pieces([])).toEqual([{ tasks: [], characters: 0 }]);
  });
});
