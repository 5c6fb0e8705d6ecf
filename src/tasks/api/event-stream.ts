/** `GET /task/events`: what happens to one task, or to all, as server-sent events. */

import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { SignalboxError } from '../../domain/index.ts';
import type { TaskChange } from '../store/task-store.ts';
import { isFinal } from '../task.ts';
import { detail } from './answer.ts';
import { readQuery } from './fields/body.ts';
import { optional, record, text } from './fields/checks.ts';
import type { TaskApiParts } from './parts.ts';
import { canonicalTaskId } from './task-id.ts';
import { summaryView } from './task-json.ts';

/** A comment this often keeps proxies from closing a stream on which nothing happens. */
const KEEP_ALIVE_MS = 15_000;
/** Changes that a slow reader has not taken; past it, the stream ends and the reader comes back. */
const MAX_UNREAD = 10_000;

const QUERY = record({ task_id: optional(text(200)), model_name: optional(text(500)) });

export async function streamEvents(parts: TaskApiParts, context: Context): Promise<Response> {
  const wish = readQuery(new URL(context.req.url).searchParams, QUERY);
  if (wish.task_id === undefined) {
    return streamSSE(context, (stream) =>
      follow(parts, stream, ({ model }) => wish.model_name === undefined || model === wish.model_name),
    );
  }
  const id = canonicalTaskId(wish.task_id);
  const task = id === undefined ? undefined : await parts.service.get(id);
  if (task === undefined) return context.json(detail(404, `Task ${wish.task_id} not found`).body, 404);
  return streamSSE(context, (stream) => follow(parts, stream, ({ taskId }) => taskId === task.id, task.id));
}

/** With `onlyId`, begins with the state it is in and ends with the task. */
async function follow(
  { service }: TaskApiParts,
  stream: SSEStreamingApi,
  isWanted: (change: TaskChange) => boolean,
  onlyId?: string,
): Promise<void> {
  const unread: TaskChange[] = [];
  let wake: () => void = () => undefined;
  const stop = service.subscribe((change) => {
    if (!isWanted(change)) return;
    unread.push(change);
    wake();
  });
  stream.onAbort(() => wake());
  const keepAlive = setInterval(() => void stream.write(': \n\n'), KEEP_ALIVE_MS);
  try {
    if (onlyId !== undefined && (await tell(service, stream, onlyId))) return;
    while (!stream.aborted && unread.length <= MAX_UNREAD) {
      const change = unread.shift();
      if (change === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ((await tell(service, stream, change.taskId, change)) && onlyId !== undefined) {
        return;
      }
    }
  } catch (error) {
    // The store is out of reach, or closing: the reader comes back, and finds out as everybody does.
    if (!(error instanceof SignalboxError) || !error.retryable) throw error;
  } finally {
    clearInterval(keepAlive);
    stop();
  }
}

/** Whether the task is over. */
async function tell(
  service: TaskApiParts['service'],
  stream: SSEStreamingApi,
  taskId: string,
  change?: TaskChange,
): Promise<boolean> {
  const task = await service.get(taskId);
  if (task === undefined) return true;
  const state = change?.state ?? task.state;
  await stream.writeSSE({
    event: `task_${state}`,
    data: JSON.stringify({ ...summaryView(task), task_status: state }),
  });
  return isFinal(state);
}
