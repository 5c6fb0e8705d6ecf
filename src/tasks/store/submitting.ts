/** Stores submissions: each id and each key once, the record and its place in the queue together. */

import type { TaskSubmission } from '../task.ts';
import type { Sql } from './database.ts';
import type { JobQueue, QueuedJob } from './job-queue.ts';
import { type SummaryRow, toRow, toSummary } from './rows.ts';
import type { Statements } from './statements.ts';
import type { SubmitOutcome, TaskChange } from './task-store.ts';

export async function storeSubmissions(
  sql: Sql,
  jobs: JobQueue,
  statements: Statements,
  submissions: readonly TaskSubmission[],
  changes: TaskChange[],
): Promise<readonly SubmitOutcome[]> {
  const first = new Map<string, number>();
  for (const [index, task] of submissions.entries()) if (!first.has(task.id)) first.set(task.id, index);
  const rows = [...first.values()].map((index, n) => toRow(submissions[index]!, n));
  const stored = await sql.query<{ id: string; start_ms: number; now_ms: number }>(statements.insertTasks, [
    JSON.stringify(rows),
  ]);
  const startOf = new Map(stored.map((row) => [row.id, row.start_ms]));
  const isNew = (task: TaskSubmission, index: number): boolean =>
    startOf.has(task.id) && first.get(task.id) === index;
  const nowMs = stored[0]?.now_ms ?? 0;
  const byModel = new Map<string, QueuedJob[]>();
  for (const [index, task] of submissions.entries()) {
    if (!isNew(task, index)) continue;
    const job = { id: task.id, priority: task.priority, startMs: startOf.get(task.id)! };
    const ofModel = byModel.get(task.model);
    if (ofModel === undefined) byModel.set(task.model, [job]);
    else ofModel.push(job);
    changes.push({ taskId: task.id, model: task.model, state: 'queued', atMs: nowMs });
  }
  for (const [model, added] of byModel) await jobs.add(sql, model, added, nowMs);
  const seenBefore = submissions.filter((task, index) => !isNew(task, index));
  const known = await findKnown(sql, statements, seenBefore);
  return submissions.map((task, index) =>
    isNew(task, index) ? { type: 'stored', taskId: task.id } : known(task),
  );
}

async function findKnown(
  sql: Sql,
  statements: Statements,
  tasks: readonly TaskSubmission[],
): Promise<(task: TaskSubmission) => SubmitOutcome> {
  const rows =
    tasks.length === 0
      ? []
      : await sql.query<SummaryRow>(statements.findKnown, [
          tasks.map((task) => task.id),
          JSON.stringify(
            tasks
              .filter((task) => task.idempotencyKey !== undefined)
              .map((task) => ({ tenant: task.tenant ?? '', key: task.idempotencyKey })),
          ),
        ]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byKey = new Map(
    rows
      .filter((row) => row.idempotency_key !== null)
      .map((row) => [keyOf(row.tenant, row.idempotency_key!), row]),
  );
  return (task) => {
    const sameId = byId.get(task.id);
    const row = sameId ?? (task.idempotencyKey && byKey.get(keyOf(task.tenant ?? null, task.idempotencyKey)));
    // It was there a moment ago and is not any more: pruned or cleared. At the next try it is new.
    if (!row)
      throw Object.assign(new Error(`task ${task.id} was deleted as it was stored`), { code: '40001' });
    if (row.fingerprint === task.fingerprint) return { type: 'known', task: toSummary(row) };
    return { type: 'conflict', taskId: row.id, field: sameId ? 'task_id' : 'Idempotency-Key' };
  };
}

function keyOf(tenant: string | null, key: string): string {
  return JSON.stringify([tenant ?? '', key]);
}
