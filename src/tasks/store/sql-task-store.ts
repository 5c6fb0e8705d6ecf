/** The task store over any `Database`: records in our tables, order in pg-boss, both changed in one transaction. */

import { randomUUID } from 'node:crypto';
import { SignalboxError } from '../../domain/index.ts';
import {
  type JsonObject,
  TASK_STATES,
  type Task,
  type TaskState,
  type TaskSubmission,
  type TaskSummary,
} from '../task.ts';
import { type ChangeFeed, packChanges, packShared } from './changes.ts';
import { claimTasks } from './claiming.ts';
import { asStorageError, type Database, isStorageFailure, type Sql } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import type { JobQueue } from './job-queue.ts';
import { Liveness } from './liveness.ts';
import { howManyToForget } from './retention.ts';
import { predictionColumns, type SummaryRow, type TaskRow, toSummary, toTask } from './rows.ts';
import { returnHeld, type Settling, settleCancel, settleEnds } from './settling.ts';
import { type ListedColumn, listStatement, type Statements, statementsFor } from './statements.ts';
import { storeSubmissions } from './submitting.ts';
import type {
  AttemptEnd,
  Durability,
  EndedTask,
  Heartbeat,
  PendingWebhook,
  Placement,
  PruneLimits,
  StoredInstance,
  StoredLoad,
  SubmitOutcome,
  TaskAttempt,
  TaskChange,
  TaskFilter,
  TaskPage,
  TaskStore,
  WebhookOutcome,
} from './task-store.ts';

/** One transaction takes no more, so that neither its parameters nor the locks it holds grow without bound. */
const MAX_GROUP_ITEMS = 1000;
const MAX_GROUP_WEIGHT = 8 * 1024 * 1024;
/** The log since the last checkpoint is read again at the next start, and lies on the disk until then. */
const CHECKPOINT_AFTER_BYTES = 64 * 1024 * 1024;
/** Sums of connections that are gone are put together once in so many heartbeats. */
const FOLD_EVERY_BEATS = 60;

export interface SqlTaskStoreParts {
  readonly database: Database;
  readonly jobs: JobQueue;
  readonly schema: string;
  readonly durability: Durability;
  readonly feed: ChangeFeed;
  /** Name of the NOTIFY channel where other processes may share the store, and of this process on it. */
  readonly channel?: { readonly name: string; readonly me: string };
  readonly heartbeatMs: number;
  monotonicMs(): number;
  /** Dead rows that make it worth cleaning up by hand; absent where the server does it by itself. */
  readonly vacuumAfterRows?: number;
  onError(error: Error): void;
  /** Lets go of whatever lies below. */
  release(): Promise<void>;
}

export class SqlTaskStore implements TaskStore {
  readonly durability: Durability;
  readonly #parts: SqlTaskStoreParts;
  readonly #statements: Statements;
  readonly #liveness: Liveness;
  readonly #submissions: GroupCommit<TaskSubmission, SubmitOutcome>;
  readonly #ends: GroupCommit<TaskAttempt & AttemptEnd, EndedTask | undefined>;
  readonly #underWay = new Set<Promise<unknown>>();
  #processId: string = randomUUID();
  #beats = 0;
  #deadRows = 0;
  #closing: Promise<void> | undefined;

  constructor(parts: SqlTaskStoreParts) {
    this.#parts = parts;
    this.durability = parts.durability;
    this.#statements = statementsFor(parts.schema);
    this.#liveness = new Liveness(parts.heartbeatMs);
    const limits = { isEverybodys: isStorageFailure, maxItems: MAX_GROUP_ITEMS, maxWeight: MAX_GROUP_WEIGHT };
    this.#submissions = new GroupCommit({
      ...limits,
      store: (calls) => this.#storeSubmissions(calls),
      weigh: (task) => sizeOf(task.input),
    });
    this.#ends = new GroupCommit({
      ...limits,
      store: (calls) => this.#storeEnds(calls),
      weigh: (end) => (end.type === 'completed' ? sizeOf(end.result) : 0),
    });
  }

  /** Makes this process known. With `isAlone` whatever an earlier process held is returned at once: it cannot live any more. */
  async begin(isAlone: boolean): Promise<void> {
    await this.#guarded(async () => {
      await this.#change(async (settling) => {
        if (isAlone) {
          const dead = await settling.sql.query<{ id: string }>(this.#statements.unregisterAll);
          for (const { id } of dead) await this.#returnHeld(settling, id);
        }
        await settling.sql.query(this.#statements.register, [this.#processId]);
      });
    });
  }

  submit(submissions: readonly TaskSubmission[]): Promise<readonly SubmitOutcome[]> {
    return this.#guarded(() => this.#submissions.add(submissions));
  }

  claim(model: string, limit: number): Promise<readonly Task[]> {
    if (limit < 1) return Promise.resolve([]);
    return this.#guarded(async () => {
      await this.#parts.jobs.ensure([model]);
      const claim = { model, limit: Math.floor(limit), processId: this.#processId };
      const tasks = await this.#parts.database.transaction((sql) =>
        claimTasks(sql, this.#parts.jobs, this.#statements, claim),
      );
      this.#deadRows += 2 * tasks.length;
      return tasks;
    });
  }

  place(placements: readonly Placement[]): Promise<ReadonlySet<string>> {
    if (placements.length === 0) return Promise.resolve(new Set());
    return this.#guarded(() =>
      this.#change(async ({ sql, changes }) => {
        const rows = await sql.query<{ id: string; model: string; at_ms: number }>(this.#statements.place, [
          JSON.stringify(
            placements.map(({ taskId, attempt, instance, runsIn, prediction }) => ({
              id: taskId,
              attempt,
              instance,
              runs_in: runsIn,
              ...predictionColumns(prediction),
            })),
          ),
          this.#processId,
        ]);
        for (const row of rows) {
          changes.push({ taskId: row.id, model: row.model, state: 'scheduled', atMs: row.at_ms });
        }
        return new Set(rows.map((row) => row.id));
      }),
    );
  }

  async end(ends: readonly (TaskAttempt & AttemptEnd)[]): Promise<readonly EndedTask[]> {
    const ended = await this.#guarded(() => this.#ends.add(ends));
    return ended.filter((end) => end !== undefined);
  }

  cancel(taskId: string): Promise<TaskSummary | undefined> {
    return this.#guarded(() =>
      this.#change(async (settling) => {
        const before = await settleCancel(settling, taskId);
        return before && toSummary(before);
      }),
    );
  }

  async get(taskId: string): Promise<Task | undefined> {
    return (await this.getMany([taskId]))[0];
  }

  async getMany(taskIds: readonly string[]): Promise<readonly Task[]> {
    if (taskIds.length === 0) return [];
    return (await this.#query<TaskRow>(this.#statements.get, [taskIds])).map(toTask);
  }

  async list(
    filter: TaskFilter,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<TaskPage> {
    if (cursor !== undefined && !/^[0-9]{1,18}$/.test(cursor)) {
      throw new SignalboxError(
        'invalid_value',
        `cursor is ${JSON.stringify(cursor.slice(0, 40))}: pass on the cursor of the page before.`,
        { param: 'cursor' },
      );
    }
    const by = (
      [
        ['batch_id', filter.batchId],
        ['instance', filter.instance],
        ['tenant', filter.tenant],
        ['model', filter.model],
      ] as const satisfies readonly (readonly [ListedColumn, string | undefined])[]
    ).filter(([, value]) => value !== undefined);
    const text = listStatement(
      this.#parts.schema,
      by.map(([column]) => column),
      filter.state,
    );
    const rows = await this.#query<SummaryRow>(text, [
      limit + 1,
      cursor ?? null,
      ...by.map(([, value]) => value),
    ]);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { tasks: rows.slice(0, limit).map(toSummary), ...(last && { nextCursor: last.seq }) };
  }

  async dueModels(): Promise<readonly string[]> {
    return (await this.#query<{ model: string }>(this.#statements.dueModels)).map((row) => row.model);
  }

  async nextDueMs(): Promise<number | undefined> {
    const [row] = await this.#query<{ next_ms: number | null }>(this.#statements.nextDue);
    return row?.next_ms ?? undefined;
  }

  async countByState(): Promise<Readonly<Record<TaskState, number>>> {
    const rows = await this.#query<{ state: TaskState; tasks: number }>(this.#statements.countByState);
    const counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
    for (const { state, tasks } of rows) counts[state] = tasks;
    return counts;
  }

  async loads(): Promise<readonly StoredLoad[]> {
    const rows = await this.#query<StoredLoad & { expected_ms: number; variance_ms2: number }>(
      this.#statements.loads,
    );
    return rows.map(({ instance, model, tasks, expected_ms, variance_ms2 }) => ({
      instance,
      model,
      tasks,
      expectedMs: expected_ms,
      varianceMs2: variance_ms2,
    }));
  }

  async heldBy(instance: string): Promise<readonly TaskSummary[]> {
    return (await this.#query<SummaryRow>(this.#statements.heldBy, [instance])).map(toSummary);
  }

  heartbeat(): Promise<Heartbeat> {
    return this.#guarded(async () => {
      const { database } = this.#parts;
      const isAlive = (await database.query(this.#statements.beat, [this.#processId])).length === 1;
      if (!isAlive) {
        this.#processId = randomUUID();
        await database.query(this.#statements.register, [this.#processId]);
      }
      const all = await database.query<{ id: string; beat: string }>(this.#statements.processes);
      const others = all.filter(({ id }) => id !== this.#processId);
      const returned: TaskSummary[] = [];
      for (const dead of this.#liveness.look(others, this.#parts.monotonicMs())) {
        returned.push(...(await this.#takeOver(dead)));
      }
      await this.#cleanUp();
      return { returned, isTakenOver: !isAlive };
    });
  }

  async overdue(limit: number): Promise<readonly TaskSummary[]> {
    return (await this.#query<SummaryRow>(this.#statements.overdue, [limit, this.#processId])).map(toSummary);
  }

  async claimWebhooks(limit: number, holdMs: number): Promise<readonly PendingWebhook[]> {
    const rows = await this.#query<SummaryRow & { tries: number }>(this.#statements.claimWebhooks, [
      limit,
      holdMs,
    ]);
    return rows.map((row) => ({ task: toSummary(row), url: row.webhook_url ?? '', tries: row.tries - 1 }));
  }

  async webhookTold(taskId: string, outcome: WebhookOutcome): Promise<void> {
    if (outcome.type === 'done') await this.#query(this.#statements.webhookDone, [taskId]);
    else await this.#query(this.#statements.webhookAgain, [taskId, outcome.afterMs]);
  }

  async nextWebhookMs(): Promise<number | undefined> {
    return (await this.#query<{ due_ms: number }>(this.#statements.nextWebhook))[0]?.due_ms;
  }

  async prune({ batch, maxFinishedAgeMs, maxFinishedTasks }: PruneLimits): Promise<number> {
    const counts = await this.countByState();
    const finished = counts.completed + counts.failed + counts.cancelled;
    const limit = [batch, maxFinishedAgeMs, Math.min(batch, howManyToForget(finished, maxFinishedTasks))];
    const [tasks] = await this.#query<{ gone: number }>(this.#statements.prune, limit);
    const [results] = await this.#query<{ gone: number }>(this.#statements.pruneResults, [batch]);
    const gone = (tasks?.gone ?? 0) + (results?.gone ?? 0);
    this.#deadRows += 3 * gone;
    await this.#guarded(() => this.#cleanUp());
    return gone;
  }

  async clear(): Promise<number> {
    return this.#guarded(() =>
      this.#parts.database.transaction(async (sql) => {
        const rows = await sql.query<{ tasks: number }>(this.#statements.countByState);
        await sql.query(this.#statements.clear);
        return rows.reduce((sum, row) => sum + row.tasks, 0);
      }),
    );
  }

  async saveInstance({ uuid, url, kind, model, registeredMs, facts }: StoredInstance): Promise<void> {
    const values = [uuid, url, kind, model, registeredMs, JSON.stringify(facts)];
    await this.#changeShared(this.#statements.saveInstance, values);
  }

  async deleteInstance(uuid: string): Promise<void> {
    await this.#changeShared(this.#statements.deleteInstance, [uuid]);
  }

  async instances(): Promise<readonly StoredInstance[]> {
    const rows = await this.#query<StoredInstance & { registered_ms: number; facts: string }>(
      this.#statements.instances,
    );
    return rows.map(({ uuid, url, kind, model, registered_ms, facts }) => ({
      uuid,
      url,
      kind,
      model,
      registeredMs: registered_ms,
      facts: JSON.parse(facts) as JsonObject,
    }));
  }

  async setting(key: string): Promise<unknown> {
    const [row] = await this.#query<{ value: string }>(this.#statements.setting, [key]);
    return row && (JSON.parse(row.value) as unknown);
  }

  async setSetting(key: string, value: unknown): Promise<void> {
    await this.#changeShared(this.#statements.setSetting, [key, JSON.stringify(value ?? null)]);
  }

  watch(listener: (change: TaskChange) => void): () => void {
    return this.#parts.feed.watch(listener);
  }

  watchShared(listener: () => void): () => void {
    return this.#parts.feed.watchShared(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
    try {
      await this.#change(async (settling) => {
        await settling.sql.query(this.#statements.unregister, [this.#processId]);
        await this.#returnHeld(settling, this.#processId);
      });
    } catch (error) {
      // The storage is away; the others, or we at the next start, return what we held.
      this.#parts.onError(error as Error);
    } finally {
      await this.#parts.jobs.close();
      await this.#parts.release();
    }
  }

  async #storeSubmissions(
    calls: readonly (readonly TaskSubmission[])[],
  ): Promise<readonly (readonly SubmitOutcome[])[]> {
    const submissions = calls.flat();
    await this.#parts.jobs.ensure(submissions.map((task) => task.model));
    const outcomes = await this.#change(({ sql, jobs, changes }) =>
      storeSubmissions(sql, jobs, this.#statements, submissions, changes),
    );
    return cut(outcomes, calls);
  }

  async #storeEnds(
    calls: readonly (readonly (TaskAttempt & AttemptEnd)[])[],
  ): Promise<readonly (readonly (EndedTask | undefined)[])[]> {
    const ends = calls.flat();
    const ended = await this.#change((settling) => settleEnds(settling, ends));
    this.#deadRows += 2 * ends.length;
    return cut(ended, calls);
  }

  /** A transaction that changes tasks: told to the other processes with its commit, to our listeners after it. */
  async #change<T>(work: (settling: Settling) => Promise<T>): Promise<T> {
    const { database, jobs, channel, feed } = this.#parts;
    let changes: TaskChange[] = [];
    const result = await database.transaction(async (sql) => {
      changes = [];
      const made = await work({ sql, jobs, statements: this.#statements, changes });
      if (channel !== undefined) await announce(sql, channel, changes);
      return made;
    });
    feed.publish(changes);
    return result;
  }

  async #takeOver({
    id,
    beat,
  }: {
    readonly id: string;
    readonly beat: string;
  }): Promise<readonly TaskSummary[]> {
    return this.#change(async (settling) => {
      const isDead = (await settling.sql.query(this.#statements.declareDead, [id, beat])).length === 1;
      return isDead ? this.#returnHeld(settling, id) : [];
    });
  }

  async #returnHeld(settling: Settling, processId: string): Promise<readonly TaskSummary[]> {
    const rows = await returnHeld(settling, processId);
    return rows.map(toSummary);
  }

  async #cleanUp(): Promise<void> {
    const { database, vacuumAfterRows } = this.#parts;
    this.#beats += 1;
    if (vacuumAfterRows !== undefined) return this.#cleanUpByHand(vacuumAfterRows);
    if (this.#beats % FOLD_EVERY_BEATS !== 0) return;
    await database.query(this.#statements.foldCounts);
    await database.query(this.#statements.foldLoads);
  }

  /** What a server's autovacuum and checkpointer do in the background; PGlite has neither. */
  async #cleanUpByHand(vacuumAfterRows: number): Promise<void> {
    const { database } = this.#parts;
    if (this.#deadRows >= vacuumAfterRows) {
      this.#deadRows = 0;
      for (const statement of this.#statements.vacuum) await database.query(statement);
    }
    const [log] = await database.query<{ bytes: number }>(this.#statements.walBytes);
    if ((log?.bytes ?? 0) >= CHECKPOINT_AFTER_BYTES) await database.query('CHECKPOINT');
  }

  /** Told to the other processes with its commit. */
  async #changeShared(text: string, values: readonly unknown[]): Promise<void> {
    const { database, channel } = this.#parts;
    await this.#guarded(() =>
      database.transaction(async (sql) => {
        await sql.query(text, values);
        if (channel === undefined) return;
        await sql.query('SELECT pg_notify($1, $2)', [channel.name, packShared(channel.me)]);
      }),
    );
  }

  #query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.#guarded(() => this.#parts.database.query<Row>(text, values));
  }

  /** Every call passes here: none begins once the store closes, and closing waits for those under way. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new SignalboxError(
        'shutting_down',
        'The task queue is closing; nothing of this call was stored.',
      );
    }
    const running = work();
    this.#underWay.add(running);
    try {
      return await running;
    } catch (error) {
      throw asStorageError(error);
    } finally {
      this.#underWay.delete(running);
    }
  }
}

async function announce(
  sql: Sql,
  { name, me }: { readonly name: string; readonly me: string },
  changes: readonly TaskChange[],
): Promise<void> {
  const payloads = packChanges(me, changes);
  if (payloads.length > 0) {
    await sql.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [name, payloads]);
  }
}

function cut<T>(flat: readonly T[], calls: readonly (readonly unknown[])[]): readonly (readonly T[])[] {
  let from = 0;
  return calls.map((call) => {
    from += call.length;
    return flat.slice(from - call.length, from);
  });
}

/** Roughly how many bytes a value takes as JSON; walks no further than needed to see that it is large. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 2;
  for (const [key, part] of Object.entries(value)) {
    size += key.length + 4 + sizeOf(part);
    if (size > MAX_GROUP_WEIGHT) break;
  }
  return size;
}
