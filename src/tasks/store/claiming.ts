/** Takes due tasks out of the queue for this process. */

import type { Task } from '../task.ts';
import type { Sql } from './database.ts';
import type { JobQueue } from './job-queue.ts';
import { type TaskRow, toTask } from './rows.ts';
import type { Statements } from './statements.ts';

export async function claimTasks(
  sql: Sql,
  jobs: JobQueue,
  statements: Statements,
  { model, limit, processId }: { model: string; limit: number; processId: string },
): Promise<readonly Task[]> {
  const ids = await jobs.take(sql, model, limit);
  if (ids.length === 0) return [];
  const rows = await sql.query<TaskRow>(statements.claim, [ids, processId]);
  if (rows.length < ids.length) {
    const claimed = new Set(rows.map((row) => row.id));
    await putRight(
      sql,
      jobs,
      statements,
      model,
      ids.filter((id) => !claimed.has(id)),
    );
  }
  return rows.map(toTask);
}

/**
 * Jobs whose tasks were not free: somebody changes the task this moment, or we were declared dead (back with them); the task is over or
 * gone (the job goes too); or it runs, and pg-boss gave it out a second time (it stays in hand).
 */
async function putRight(
  sql: Sql,
  jobs: JobQueue,
  statements: Statements,
  model: string,
  ids: readonly string[],
): Promise<void> {
  const rows = await sql.query<{ id: string; state: string }>(statements.statesOf, [ids]);
  const stateOf = new Map(rows.map((row) => [row.id, row.state]));
  await jobs.giveBack(
    sql,
    model,
    ids.filter((id) => stateOf.get(id) === 'queued'),
  );
  await jobs.remove(
    sql,
    model,
    ids.filter((id) => stateOf.get(id) !== 'queued' && stateOf.get(id) !== 'scheduled'),
  );
}
