/** Looking at tasks, ending them, and forgetting all of them. */

import type { TaskFilter } from '../../store/task-store.ts';
import { isFinal, TASK_STATES, type Task } from '../../task.ts';
import { detail, ok, type TaskAnswer } from '../answer.ts';
import { readBody, readQuery } from '../fields/body.ts';
import { integer, oneOf, optional, record, required, text, truth, withDefault } from '../fields/checks.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';
import { canonicalTaskId } from '../task-id.ts';
import { detailedView, queryView, recordView } from '../task-json.ts';

const TASK_ID = text(200);

/** The most tasks in one answer, and how many there are when nobody says. */
export const MAX_PAGE = 1_000;

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

/** A page in the order of submission, the newest first; `next_cursor` is there as long as more follow. */
export async function allTasks({ service }: TaskApiParts, call: TaskCall): Promise<TaskAnswer> {
  const wish = readQuery(call.query, LISTING);
  const filter = filterOf(wish);
  const { cursor, limit } = wish;
  const { tasks, nextCursor } = await service.list(filter, {
    limit,
    ...(cursor !== undefined && { cursor }),
  });
  const whole = await wholeTasks({ service }, tasks);
  const isFiltered = Object.keys(filter).length > 0;
  return ok({
    status: 'success',
    total_tasks: isFiltered ? whole.length : await total({ service }),
    tasks: whole.map(wish.details ? detailedView : recordView),
    ...(nextCursor !== undefined && { next_cursor: nextCursor }),
  });
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

/** The same tasks, in the same order, with input and result. */
async function wholeTasks(
  { service }: Pick<TaskApiParts, 'service'>,
  summaries: readonly { readonly id: string }[],
): Promise<readonly Task[]> {
  if (summaries.length === 0) return [];
  const ids = summaries.map(({ id }) => id);
  const byId = new Map((await service.getMany(ids)).map((task) => [task.id, task]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export async function fetchAllCompleted(parts: TaskApiParts): Promise<TaskAnswer> {
  const { tasks } = await parts.service.list({ state: 'completed' }, { limit: MAX_PAGE });
  const whole = await wholeTasks(parts, tasks);
  return ok(Object.fromEntries(whole.map((task) => [recordView(task).task_id, recordView(task)])));
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
