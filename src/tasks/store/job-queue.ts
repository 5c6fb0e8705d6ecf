/** The order of the tasks: one pg-boss queue per model, whose jobs carry the tasks' ids and nothing else. */

import { createHash } from 'node:crypto';
import { type Db, PgBoss } from 'pg-boss';
import { priorityRank, REQUEST_PRIORITIES, type RequestPriority } from '../../domain/index.ts';
import type { Database, Sql } from './database.ts';
import type { Schemas } from './migrations.ts';

/** Longer than any task waits: pg-boss deletes what waited longer. */
const KEEP_QUEUED_SECONDS = 60 * 365 * 86_400;
/** A job that is in hand for so long is offered again; only a defect lets one get there, for tasks have limits of their own. */
const HELD_AT_MOST_SECONDS = 86_000;
/** pg-boss never gives a job up; whether a task is tried again is decided by its record. */
const RETRIES_WITHOUT_END = 2_000_000_000;
const DAY_SECONDS = 86_400;
const NO_JOB = '00000000-0000-0000-0000-000000000000';

export interface QueuedJob {
  readonly id: string;
  readonly priority: RequestPriority;
  /** Epoch milliseconds before which it is not due; 0 for at once. */
  readonly startMs: number;
}

/** Every method works inside the caller's transaction. */
export interface JobQueue {
  /** Makes sure that the models have queues; outside of a transaction, before the methods below. */
  ensure(models: Iterable<string>): Promise<void>;
  /** `nowMs` is the database's time in this transaction. */
  add(sql: Sql, model: string, jobs: readonly QueuedJob[], nowMs: number): Promise<void>;
  /** Ids of due jobs, which are then in hand, by priority, then age. */
  take(sql: Sql, model: string, limit: number): Promise<readonly string[]>;
  /** Jobs in hand go back to their place. */
  giveBack(sql: Sql, model: string, ids: readonly string[]): Promise<void>;
  /** A job that waits is not due before then. */
  delay(sql: Sql, model: string, id: string, startMs: number): Promise<void>;
  remove(sql: Sql, model: string, ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function openJobQueue(
  database: Database,
  schemas: Schemas,
  options: { readonly backend: 'postgres' | 'pglite'; onError(error: Error): void },
): Promise<JobQueue> {
  const boss = new PgBoss({
    db: dbOf(database),
    schema: schemas.jobs,
    backend: options.backend,
    schedule: false,
    // On the embedded database its passes would hold up everybody else's statements; there the store cleans up itself.
    supervise: options.backend === 'postgres',
    monitorIntervalSeconds: 3600,
    maintenanceIntervalSeconds: 3600,
    superviseIntervalSeconds: 600,
    queueCacheIntervalSeconds: 3600,
    flowIntervalSeconds: 3600,
    bamIntervalSeconds: 60,
  });
  boss.on('error', options.onError);
  await boss.start();
  /** Each with the moment from which pg-boss knows it. */
  const known = new Map<string, Promise<void>>();
  for (const { name } of await boss.getQueues()) known.set(name, Promise.resolve());

  function ensureOne(name: string): Promise<void> {
    const before = known.get(name);
    if (before !== undefined) return before;
    const made = make(name).catch((error: unknown) => {
      known.delete(name);
      throw error;
    });
    known.set(name, made);
    return made;
  }

  /**
   * pg-boss forgets a queue that is made, even one that was there, and looks it up at its next use. It must not do so inside a transaction:
   * on one connection it would wait for itself. So a queue is made once, and before anybody can use it.
   */
  async function make(name: string): Promise<void> {
    await boss.createQueue(name, {
      retryLimit: RETRIES_WITHOUT_END,
      retryDelay: 0,
      expireInSeconds: HELD_AT_MOST_SECONDS,
      retentionSeconds: KEEP_QUEUED_SECONDS,
      deleteAfterSeconds: DAY_SECONDS,
    });
    await boss.findJobs(name, { id: NO_JOB });
  }

  return {
    async ensure(models) {
      for (const model of new Set(models)) await ensureOne(queueName(model));
    },
    async add(sql, model, jobs, nowMs) {
      await boss.insert(
        queueName(model),
        jobs.map((job, index) => ({
          id: job.id,
          priority: REQUEST_PRIORITIES.length - priorityRank(job.priority),
          startAfter: job.startMs > nowMs ? isoTime(job.startMs, 0) : isoTime(nowMs - 1000, index),
        })),
        { db: dbOf(sql) },
      );
    },
    async take(sql, model, limit) {
      const jobs = await boss.fetch(queueName(model), { batchSize: limit, db: dbOf(sql) });
      return jobs.map((job) => job.id);
    },
    async giveBack(sql, model, ids) {
      if (ids.length > 0) await boss.fail(queueName(model), [...ids], null, { db: dbOf(sql) });
    },
    async delay(sql, model, id, startMs) {
      await boss.update(queueName(model), undefined, { id, startAfter: new Date(startMs), db: dbOf(sql) });
    },
    async remove(sql, model, ids) {
      if (ids.length > 0) await boss.deleteJob(queueName(model), [...ids], { db: dbOf(sql) });
    },
    close: () => boss.stop({ graceful: false, close: false }),
  };
}

function dbOf(sql: Sql): Db {
  return {
    executeSql: async (text, values) => ({
      rows: await sql.query(text, values?.length === 0 ? undefined : values),
    }),
  };
}

/**
 * Jobs of one transaction have the same age. A microsecond between their start times keeps them in the order of submission, for pg-boss
 * reads them by an index that ends in it.
 */
function isoTime(ms: number, microseconds: number): string {
  const at = new Date(ms + Math.floor(microseconds / 1000));
  return at.toISOString().replace('Z', `${String(microseconds % 1000).padStart(3, '0')}Z`);
}

/** pg-boss's names are narrower than models'; what does not fit goes by its digest. */
export function queueName(model: string): string {
  if (/^[\w.\-/]{1,80}$/.test(model)) return `model/${model}`;
  return `digest/${createHash('sha256').update(model).digest('hex')}`;
}
