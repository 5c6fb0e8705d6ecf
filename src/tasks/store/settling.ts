/** Ends tries, cancels tasks, and returns to the queue what the dead held: every way out of `scheduled`. */

import type { TaskFailure, TaskState } from '../task.ts';
import { isFinal } from '../task.ts';
import type { Sql } from './database.ts';
import type { JobQueue } from './job-queue.ts';
import { type SummaryRow, toSummary } from './rows.ts';
import type { Statements } from './statements.ts';
import type { AttemptEnd, EndedTask, TaskAttempt, TaskChange } from './task-store.ts';

export interface Settling {
  readonly sql: Sql;
  readonly jobs: JobQueue;
  readonly statements: Statements;
  readonly changes: TaskChange[];
}

/** What becomes of one task; the names are the columns of the statement. */
interface Change {
  readonly id: string;
  readonly state: Exclude<TaskState, 'scheduled'>;
  /** JSON. */
  readonly failure?: string;
  readonly execution_ms?: number;
  readonly retries?: number;
  readonly retry_after_ms?: number;
  /** JSON. */
  readonly result?: string;
}

interface SettledRow extends SummaryRow {
  readonly start_ms: number;
  readonly now_ms: number;
}

/** Those of tasks that are gone (pruned, cleared) are left out. */
export async function settleEnds(
  settling: Settling,
  ends: readonly (TaskAttempt & AttemptEnd)[],
): Promise<readonly (EndedTask | undefined)[]> {
  const rows = await lock(settling, [...new Set(ends.map((end) => end.taskId))]);
  const changes = new Map<string, { change: Change; end: TaskAttempt }>();
  for (const end of ends) {
    const row = rows.get(end.taskId);
    if (row === undefined || changes.has(end.taskId) || !endsNow(row, end)) continue;
    changes.set(end.taskId, { change: changeBy(row, end), end });
  }
  const settled = await settle(
    settling,
    rows,
    [...changes.values()].map(({ change }) => change),
  );
  return ends.map((end) => {
    const row = rows.get(end.taskId);
    if (row === undefined) return undefined;
    const { taskId, attempt } = end;
    const task = toSummary(settled.get(taskId) ?? row);
    const isTheOne = changes.get(taskId)?.end === end;
    return { taskId, attempt, outcome: isTheOne ? task.state : 'unchanged', task };
  });
}

/** The state before, and what was done is no secret to its listeners. */
export async function settleCancel(settling: Settling, taskId: string): Promise<SummaryRow | undefined> {
  const rows = await lock(settling, [taskId]);
  const row = rows.get(taskId);
  if (row !== undefined && !isFinal(row.state))
    await settle(settling, rows, [{ id: taskId, state: 'cancelled' }]);
  return row;
}

/** Returns every try that `processId` holds to its place in the queue. */
export async function returnHeld(settling: Settling, processId: string): Promise<readonly SummaryRow[]> {
  const returned: SummaryRow[] = [];
  for (;;) {
    const held = await settling.sql.query<SummaryRow>(settling.statements.lockHeld, [processId, 1000]);
    if (held.length === 0) return returned;
    const rows = new Map(held.map((row) => [row.id, row]));
    const settled = await settle(
      settling,
      rows,
      held.map(({ id }) => ({ id, state: 'queued' })),
    );
    returned.push(...settled.values());
  }
}

function endsNow(row: SummaryRow, end: TaskAttempt & AttemptEnd): boolean {
  if (row.attempt !== end.attempt) return false;
  if (row.state === 'scheduled') return true;
  return row.state === 'queued' && end.type === 'failed' && end.failure.code === 'deadline_exceeded';
}

function changeBy(row: SummaryRow, end: TaskAttempt & AttemptEnd): Change {
  const id = row.id;
  if (end.type === 'completed') {
    return {
      id,
      state: 'completed',
      ...(end.executionMs !== undefined && { execution_ms: end.executionMs }),
      ...(end.result !== undefined && { result: JSON.stringify(end.result) }),
    };
  }
  if (end.type === 'failed') return { id, state: 'failed', failure: JSON.stringify(end.failure) };
  if (end.type === 'returned') return { id, state: 'queued' };
  if (row.retries < row.max_retries) {
    return {
      id,
      state: 'queued',
      failure: JSON.stringify(end.failure),
      retries: row.retries + 1,
      retry_after_ms: Math.max(0, end.retryAfterMs),
    };
  }
  const failure: TaskFailure = { code: 'retries_exhausted', message: end.failure.message };
  return { id, state: 'failed', failure: JSON.stringify(failure) };
}

async function lock({ sql, statements }: Settling, ids: readonly string[]): Promise<Map<string, SummaryRow>> {
  const rows = await sql.query<SummaryRow>(statements.lock, [ids]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Changes locked tasks and their jobs; gives them as they are now. */
async function settle(
  { sql, jobs, statements, changes: announced }: Settling,
  before: ReadonlyMap<string, SummaryRow>,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, SettledRow>> {
  if (changes.length === 0) return new Map();
  const rows = await sql.query<SettledRow>(statements.settle, [JSON.stringify(changes)]);
  for (const [model, ofModel] of Map.groupBy(rows, (row) => row.model)) {
    const idsOf = (isWanted: (row: SettledRow) => boolean): string[] =>
      ofModel.filter(isWanted).map((row) => row.id);
    await jobs.remove(
      sql,
      model,
      idsOf((row) => isFinal(row.state)),
    );
    await jobs.giveBack(
      sql,
      model,
      idsOf((row) => row.state === 'queued' && before.get(row.id)?.state === 'scheduled'),
    );
    for (const row of ofModel) {
      if (row.state === 'queued' && row.start_ms > row.now_ms)
        await jobs.delay(sql, model, row.id, row.start_ms);
    }
  }
  for (const row of rows) {
    announced.push({ taskId: row.id, model: row.model, state: row.state, atMs: row.now_ms });
  }
  return new Map(rows.map((row) => [row.id, row]));
}
