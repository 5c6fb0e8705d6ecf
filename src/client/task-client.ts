/** The durable task queue from TypeScript: submit, wait, list, cancel, follow. */

import { randomUUID } from 'node:crypto';
import { readEvents } from './event-stream.ts';
import { TaskClientError, Transport, type TransportOptions } from './transport.ts';
import {
  hasEnded,
  type InstanceQueue,
  type NewTask,
  type SubmittedTask,
  type Task,
  type TaskEvent,
  type TaskFilter,
  type TaskInput,
} from './types.ts';
import {
  submissionToWire,
  toEvent,
  toQueue,
  toTask,
  toWire,
  type WireEvent,
  type WireQueue,
  type WireTask,
} from './wire.ts';

export type TaskClientOptions = TransportOptions;

interface Signalled {
  readonly signal?: AbortSignal;
}

/** How long one call asks the server to wait; a longer wait is several calls. */
const LONGEST_WAIT_MS = 60_000;

interface WireSubmission {
  readonly task_id: string | null;
  readonly scheduled_ti: string | null;
  readonly error?: string | null;
}

/** Every call is safe to repeat, and is repeated by itself when it did not get through. */
export class TaskClient {
  readonly #transport: Transport;

  constructor(options: TaskClientOptions = {}) {
    this.#transport = new Transport(options);
  }

  /**
   * Gives the task once it is stored.
   * @throws TaskClientError 409 when `id` belongs to a task with another content, 422 with every mistake, 503 when nobody serves the model
   */
  async submit(task: NewTask, { signal }: Signalled = {}): Promise<SubmittedTask> {
    const { task_id, scheduled_ti } = await this.#transport.call<WireSubmission>({
      method: 'POST',
      path: '/queue/submit',
      body: submissionToWire({ ...task, id: task.id ?? randomUUID() }),
      signal,
    });
    return { id: task_id ?? '', instance: scheduled_ti ?? '' };
  }

  /**
   * Several tasks of one model in one call: all are stored, or none is.
   * @throws TaskClientError also when the server refused one of them, with the first reason
   */
  async submitBatch(
    model: string,
    tasks: readonly TaskInput[],
    { signal }: Signalled = {},
  ): Promise<readonly SubmittedTask[]> {
    const { results } = await this.#transport.call<{ readonly results: readonly WireSubmission[] }>({
      method: 'POST',
      path: '/queue/submit_batch',
      body: {
        model_name: model,
        tasks: tasks.map((task) => toWire({ ...task, id: task.id ?? randomUUID() })),
      },
      signal,
    });
    return results.map(({ task_id, scheduled_ti, error }, index) => {
      if (task_id === null) {
        throw new TaskClientError(`tasks[${index}]: ${error ?? 'was not submitted'}`, statusOf(error), error);
      }
      return { id: task_id, instance: scheduled_ti ?? '' };
    });
  }

  /** `undefined` when there is no such task, or no more. */
  get(id: string, options: Signalled = {}): Promise<Task | undefined> {
    return this.#query(id, 0, options.signal);
  }

  /**
   * The task once it has ended.
   * @throws TaskClientError 404 when there is no such task; 408 when it has not ended after `timeoutMs`
   */
  async wait(
    id: string,
    { timeoutMs = Number.POSITIVE_INFINITY, signal }: Signalled & { readonly timeoutMs?: number } = {},
  ): Promise<Task> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = endMs - performance.now();
      const waitMs = Math.max(0, Math.min(LONGEST_WAIT_MS, Math.floor(leftMs)));
      const task = await this.#query(id, waitMs, signal);
      if (task === undefined) throw new TaskClientError(`Task ${id} not found`, 404);
      if (hasEnded(task.state)) return task;
      if (performance.now() >= endMs) {
        throw new TaskClientError(`Task ${id} is still ${task.state} after ${timeoutMs} ms`, 408);
      }
    }
  }

  /** Every task that `filter` names, the newest first, fetched a page at a time. */
  async *list(
    filter: TaskFilter = {},
    { pageSize = 100, signal }: Signalled & { readonly pageSize?: number } = {},
  ): AsyncGenerator<Task, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#transport.call<{
        readonly tasks: readonly WireTask[];
        readonly next_cursor?: string;
      }>({
        method: 'GET',
        path: '/task/all_tasks',
        query: {
          status: filter.state,
          model_name: filter.model,
          ti_uuid: filter.instance,
          tenant: filter.tenant,
          batch_id: filter.batchId,
          limit: pageSize,
          cursor,
          details: true,
        },
        signal,
      });
      yield* page.tasks.map(toTask);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  }

  /**
   * Ends a task that has not ended.
   * @throws TaskClientError 404 when there is no such task, 409 when it had ended before, and not by being cancelled
   */
  async cancel(id: string, { signal }: Signalled = {}): Promise<void> {
    try {
      await this.#transport.call({ method: 'POST', path: '/task/cancel', body: { task_id: id }, signal });
    } catch (error) {
      const isConflict = error instanceof TaskClientError && error.status === 409;
      // An earlier try may have got through, and its answer not.
      if (!isConflict || (await this.#query(id, 0, signal))?.state !== 'cancelled') throw error;
    }
  }

  /**
   * What happens from now on: to all tasks, to those of a model, or to one task until it ends.
   * @throws TaskClientError with status 0 when the connection is lost; tasks may have ended meanwhile
   */
  async *events({
    id,
    model,
    signal,
  }: Signalled & { readonly id?: string; readonly model?: string } = {}): AsyncGenerator<
    TaskEvent,
    void,
    undefined
  > {
    const call = {
      method: 'GET',
      path: '/task/events',
      query: { task_id: id, model_name: model },
      signal,
    } as const;
    for await (const event of readEvents(this.#transport, call)) yield toEvent(event as WireEvent);
  }

  /** How long the tasks of each instance should still take. */
  async queues(model?: string): Promise<readonly InstanceQueue[]> {
    const { queues } = await this.#transport.call<{ readonly queues: readonly WireQueue[] }>({
      method: 'GET',
      path: '/queue/info',
      query: { model_name: model },
    });
    return queues.map(toQueue);
  }

  async #query(id: string, waitMs: number, signal: AbortSignal | undefined): Promise<Task | undefined> {
    try {
      const query = { task_id: id, details: true, ...(waitMs > 0 && { wait_ms: waitMs }) };
      return toTask(
        await this.#transport.call<WireTask>({ method: 'GET', path: '/task/query', query, waitMs, signal }),
      );
    } catch (error) {
      if (error instanceof TaskClientError && error.status === 404) return undefined;
      throw error;
    }
  }
}

/** Only that nobody serves the model may pass; the other reason to refuse a single task is that its id is taken. */
function statusOf(error: string | null | undefined): number {
  return error?.startsWith('Scheduling failed') ? 503 : 409;
}
