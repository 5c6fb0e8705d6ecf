/** Looking at tasks, ending them, and forgetting all of them. */

import type { TaskFilter } from '../../store/task-store.ts';
import { isFinal, TASK_STATES, type Task } from '../../task.ts';
import { type WholePiece, type WholeWish, wholeTasks } from '../../whole-tasks.ts';
import { detail, ok, type TaskAnswer } from '../answer.ts';
import { readBody, readQuery } from '../fields/body.ts';
import { integer, oneOf, optional, record, required, text, truth, withDefault } from '../fields/checks.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';
import { canonicalTaskId } from '../task-id.ts';
import { detailedView, queryView, recordView } from '../task-json.ts';

const TASK_ID = text(200);

/** The most tasks in one answer, and how many there are when nobody says. */
export const MAX_PAGE = 1_000;
/** An answer that has come to so much takes no further task. */
const MAX_PAGE_CHARACTERS = 32 * 1024 * 1024;

export const notFound = (taskId: string): TaskAnswer => detail(404, `Task ${taskId} not found`);

export async function query({ service, limits }: TaskApiParts, call: TaskCall): Promise<TaskAnswer> {
  const wish = readQuery(
    call.query,
    record({
      task_id: required(TASK_ID),
      wait_ms: withDefault(integer({ min: 0, max: limits.maxWaitMs }), 0),
      details: withDefault(truth, false),
    }),
  );
  const id = canonicalTaskId(wish.task_id);
  if (id === undefined) return notFound(wish.task_id);
  const task = wish.wait_ms > 0 ? await service.wait(id, wish.wait_ms, call.signal) : await service.get(id);
  if (task === undefined) return notFound(wish.task_id);
  return ok(wish.details ? detailedView(task) : queryView(task));
}

const LISTING = record({
  status: optional(oneOf(TASK_STATES)),
  model_name: optional(text(500)),
  ti_uuid: optional(text(100)),
  tenant: optional(text(200)),
  batch_id: optional(text(200)),
  limit: withDefault(integer({ min: 1, max: MAX_PAGE }), MAX_PAGE),
  cursor: optional(text(500)),
  details: withDefault(truth, false),
});

/** A page in the order of submission, the newest first; `next_cursor` is there as long as more follow. Large results make a page shorter. */
export async function allTasks({ service }: TaskApiParts, call: TaskCall): Promise<TaskAnswer> {
  const wish = readQuery(call.query, LISTING);
  const filter = filterOf(wish);
  const { cursor, limit } = wish;
  const { tasks, nextCursor } = await pageOf(service, filter, {
    maxTasks: limit,
    ...(cursor !== undefined && { cursor }),
  });
  const isFiltered = Object.keys(filter).length > 0;
  return ok({
    status: 'success',
    total_tasks: isFiltered ? tasks.length : await total({ service }),
    tasks: tasks.map(wish.details ? detailedView : recordView),
    ...(nextCursor !== undefined && { next_cursor: nextCursor }),
  });
}

/** As many as were asked for, or as one answer may hold. */
async function pageOf(
  service: TaskApiParts['service'],
  filter: TaskFilter,
  wish: WholeWish,
): Promise<{ readonly tasks: readonly Task[]; readonly nextCursor?: string }> {
  const tasks: Task[] = [];
  let last: WholePiece | undefined;
  for await (const piece of wholeTasks(service, filter, wish)) {
    tasks.push(...piece.tasks);
    last = piece;
    if (piece.characters >= MAX_PAGE_CHARACTERS) break;
  }
  return { tasks, ...(last?.nextCursor !== undefined && { nextCursor: last.nextCursor }) };
}

function filterOf(wish: ReturnType<typeof LISTING>): TaskFilter {
  return {
    ...(wish.status !== undefined && { state: wish.status }),
    ...(wish.model_name !== undefined && { model: wish.model_name }),
    ...(wish.ti_uuid !== undefined && { instance: wish.ti_uuid }),
    ...(wish.tenant !== undefined && { tenant: wish.tenant }),
    ...(wish.batch_id !== undefined && { batchId: wish.batch_id }),
  };
}

async function total({ service }: Pick<TaskApiParts, 'service'>): Promise<number> {
  return Object.values(await service.counts()).reduce((sum, count) => sum + count, 0);
}

export async function fetchAllCompleted({ service }: TaskApiParts): Promise<TaskAnswer> {
  const { tasks } = await pageOf(service, { state: 'completed' }, { maxTasks: MAX_PAGE });
  return ok(Object.fromEntries(tasks.map((task) => [recordView(task).task_id, recordView(task)])));
}

/** `null` while there is no result yet, as the existing scheduler answers. */
export async function fetchResult({ service }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { task_id: given } = readBody(body, record({ task_id: required(TASK_ID) }));
  const id = canonicalTaskId(given);
  const task = id === undefined ? undefined : await service.get(id);
  if (task === undefined) return notFound(given);
  if (task.state === 'queued' || task.state === 'scheduled') return ok(null);
  return ok({ result: queryView(task).result });
}

export async function cancel({ service }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { task_id: given } = readBody(body, record({ task_id: required(TASK_ID) }));
  const id = canonicalTaskId(given);
  const before = id === undefined ? undefined : await service.cancel(id);
  if (before === undefined) return notFound(given);
  if (!isFinal(before.state)) return ok({ status: 'success', message: `Task ${given} cancelled` });
  const message = `Task ${given} had ended before: ${before.state}`;
  return { status: 409, body: { status: 'error', message } };
}

export async function clear({ service }: TaskApiParts): Promise<TaskAnswer> {
  const cleared = await service.clear();
  return ok({
    status: 'success',
    message: `Cleared ${cleared} tasks (tracker: ${cleared}, queues: 0)`,
    cleared_count: cleared,
  });
}
