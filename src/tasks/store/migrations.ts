/** The tables, as numbered steps that only go forward; a step that was released is never changed, the next one is added. */

import type { Database, Sql } from './database.ts';

/** Both schemas: ours for the record, pg-boss's for the order. */
export interface Schemas {
  readonly record: string;
  readonly jobs: string;
}

export function schemasNamed(name: string): Schemas {
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(name)) {
    throw new RangeError(
      `schema ${JSON.stringify(name)}: a name of up to 41 lower-case letters, digits and underscores`,
    );
  }
  return { record: name, jobs: `${name}_jobs` };
}

/** `s` is the schema. Index of a step + 1 is its version. */
export const MIGRATIONS: readonly ((s: string) => string)[] = [
  createTasks,
  createBatches,
  addTraces,
  addFailedPlaces,
];

/** Does `work` while no other process that shares the database changes its tables: those that start at once wait for each other. */
export function oneAtATime<T>(database: Database, { record }: Schemas, work: () => Promise<T>): Promise<T> {
  return database.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`signalbox:${record}`]);
    return work();
  });
}

/** Brings the tables up to date. */
export async function migrate(database: Database, { record: s }: Schemas): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.query(
      `CREATE SCHEMA IF NOT EXISTS ${s};
       CREATE TABLE IF NOT EXISTS ${s}.migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    await applyMissing(sql, s);
  });
}

async function applyMissing(sql: Sql, s: string): Promise<void> {
  const [row] = await sql.query<{ version: number }>(
    `SELECT coalesce(max(version), 0)::int AS version FROM ${s}.migrations`,
  );
  const version = row?.version ?? 0;
  if (version > MIGRATIONS.length) {
    throw new Error(
      `The tables in schema "${s}" have version ${version}, made by a newer Signalbox; this one knows versions up to ${MIGRATIONS.length}.`,
    );
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue;
    await sql.query(step(s));
    await sql.query(`INSERT INTO ${s}.migrations (version) VALUES ($1)`, [index + 1]);
  }
}

/**
 * Times are epoch milliseconds by the database's clock. JSON is kept as text: nobody asks into it, and jsonb refuses what JSON allows
 * (\u0000). What may be large lies in tables of its own, which summaries never touch.
 * Every listing index ends in `state, seq`: a listing reads it once per state, so that no filter by state has to skip rows.
 */
function createTasks(s: string): string {
  return `
CREATE FUNCTION ${s}.now_ms() RETURNS float8 LANGUAGE sql STABLE AS
  $$ SELECT floor(extract(epoch FROM now()) * 1000)::float8 $$;

CREATE TABLE ${s}.tasks (
  id uuid PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  state text NOT NULL DEFAULT 'queued',
  priority smallint NOT NULL,
  attempt int NOT NULL DEFAULT 0,
  retries int NOT NULL DEFAULT 0,
  max_retries int NOT NULL,
  model text NOT NULL,
  fingerprint text NOT NULL,
  given_id text,
  idempotency_key text,
  endpoint text,
  tenant text,
  batch_id text,
  custom_id text,
  planned_instance text,
  instance text,
  holder uuid,
  runs_in text,
  not_before_ms float8,
  deadline_ms float8,
  timeout_ms float8 NOT NULL,
  keep_result_ms float8 NOT NULL,
  submitted_ms float8 NOT NULL,
  scheduled_ms float8,
  ended_ms float8,
  execution_ms float8,
  start_ms float8 NOT NULL DEFAULT 0,
  due_ms float8,
  expected_ms float8,
  error_ms float8,
  quantiles text,
  webhook_url text,
  failure text
);
-- A fifth of a long queue is too much to leave lying about before it is cleaned up.
ALTER TABLE ${s}.tasks SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX tasks_state ON ${s}.tasks (state, seq);
CREATE INDEX tasks_model ON ${s}.tasks (model, state, seq);
CREATE INDEX tasks_start ON ${s}.tasks (model, start_ms) WHERE state = 'queued';
CREATE INDEX tasks_batch ON ${s}.tasks (batch_id, state, seq) WHERE batch_id IS NOT NULL;
CREATE INDEX tasks_tenant ON ${s}.tasks (tenant, state, seq) WHERE tenant IS NOT NULL;
CREATE INDEX tasks_instance ON ${s}.tasks (instance, state, seq) WHERE instance IS NOT NULL;
CREATE INDEX tasks_holder ON ${s}.tasks (holder) WHERE holder IS NOT NULL;
CREATE INDEX tasks_due ON ${s}.tasks (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX tasks_ended ON ${s}.tasks (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE UNIQUE INDEX tasks_idempotency ON ${s}.tasks (coalesce(tenant, ''), idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE ${s}.inputs (task_id uuid PRIMARY KEY, input text NOT NULL, metadata text NOT NULL);
CREATE TABLE ${s}.results (task_id uuid PRIMARY KEY, result text NOT NULL, expires_ms float8 NOT NULL);
CREATE INDEX results_expires ON ${s}.results (expires_ms);
CREATE TABLE ${s}.webhooks (task_id uuid PRIMARY KEY, due_ms float8 NOT NULL, tries int NOT NULL DEFAULT 0);
CREATE INDEX webhooks_due ON ${s}.webhooks (due_ms);
CREATE TABLE ${s}.processes (id uuid PRIMARY KEY, beat bigint NOT NULL DEFAULT 0);
CREATE TABLE ${s}.instances (
  uuid text PRIMARY KEY, url text NOT NULL, kind text NOT NULL, model text NOT NULL, registered_ms float8 NOT NULL, facts text NOT NULL
);
CREATE TABLE ${s}.settings (key text PRIMARY KEY, value text NOT NULL);

-- Sums that would otherwise cost a walk over the queue. A shard belongs to one connection, so that no two transactions wait for each
-- other at a sum; numeric adds and takes away without a rest.
CREATE TABLE ${s}.counts (model text, state text, shard int, tasks bigint NOT NULL, PRIMARY KEY (model, state, shard));
CREATE TABLE ${s}.loads (
  instance text, model text, shard int, tasks bigint NOT NULL, expected_ms numeric NOT NULL, variance_ms2 numeric NOT NULL,
  PRIMARY KEY (instance, model, shard)
);

`.concat(
    counting(s, 'INSERT', ['entering']),
    counting(s, 'UPDATE', ['entering', 'leaving']),
    counting(s, 'DELETE', ['leaving']),
  );
}

function createBatches(s: string): string {
  return `
CREATE TABLE ${s}.files (
  id text PRIMARY KEY, filename text NOT NULL, purpose text NOT NULL, bytes bigint NOT NULL, created_ms float8 NOT NULL,
  expires_ms float8, tenant text, content_id uuid NOT NULL
);
CREATE INDEX files_created ON ${s}.files (created_ms, id);
CREATE INDEX files_expires ON ${s}.files (expires_ms) WHERE expires_ms IS NOT NULL;
CREATE INDEX files_content ON ${s}.files (content_id);
CREATE TABLE ${s}.file_chunks (
  content_id uuid, n int, created_ms float8 NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (content_id, n)
);
CREATE INDEX file_chunks_created ON ${s}.file_chunks (created_ms);
CREATE TABLE ${s}.batches (
  id text PRIMARY KEY, tenant text, state text NOT NULL, created_ms float8 NOT NULL, facts text NOT NULL
);
CREATE INDEX batches_created ON ${s}.batches (created_ms, id);
CREATE INDEX batches_unfinished ON ${s}.batches (state) WHERE state IN ('validating', 'in_progress', 'finalizing', 'cancelling');
`;
}

function addTraces(s: string): string {
  return `ALTER TABLE ${s}.tasks ADD COLUMN traceparent text, ADD COLUMN tracestate text, ADD COLUMN queued_ms float8`;
}

/** UUIDs, with a blank between them. */
function addFailedPlaces(s: string): string {
  return `ALTER TABLE ${s}.tasks ADD COLUMN failed_at text`;
}

const SIGNS = { entering: 1, leaving: -1 } as const;
const TABLES = { entering: 'NEW TABLE AS entering', leaving: 'OLD TABLE AS leaving' } as const;

/** Keeps `counts` and `loads` after each statement; an event sees only the transition tables it has. */
function counting(s: string, event: string, sides: readonly (keyof typeof SIGNS)[]): string {
  const name = `count_tasks_${event.toLowerCase()}`;
  const counted = sides.map((side) => `SELECT model, state, ${SIGNS[side]} AS d FROM ${side}`);
  const loaded = sides.map(
    (side) => `
      SELECT CASE state WHEN 'queued' THEN planned_instance ELSE coalesce(instance, planned_instance) END AS load_instance, model,
        ${SIGNS[side]} AS d, coalesce(expected_ms, 0)::numeric AS expected, power(coalesce(error_ms, 0)::numeric, 2) AS variance
      FROM ${side} WHERE state IN ('queued', 'scheduled')`,
  );
  return `
CREATE FUNCTION ${s}.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ${s}.counts AS c (model, state, shard, tasks)
    SELECT model, state, pg_backend_pid(), sum(d) FROM (${counted.join(' UNION ALL ')}) AS change
    GROUP BY model, state HAVING sum(d) <> 0
    ON CONFLICT (model, state, shard) DO UPDATE SET tasks = c.tasks + excluded.tasks;
  INSERT INTO ${s}.loads AS l (instance, model, shard, tasks, expected_ms, variance_ms2)
    SELECT load_instance, model, pg_backend_pid(), sum(d), sum(d * expected), sum(d * variance)
    FROM (${loaded.join(' UNION ALL ')}) AS change
    WHERE load_instance IS NOT NULL GROUP BY load_instance, model
    HAVING sum(d) <> 0 OR sum(d * expected) <> 0 OR sum(d * variance) <> 0
    ON CONFLICT (instance, model, shard) DO UPDATE SET tasks = l.tasks + excluded.tasks,
      expected_ms = l.expected_ms + excluded.expected_ms, variance_ms2 = l.variance_ms2 + excluded.variance_ms2;
  RETURN NULL;
END $$;
CREATE TRIGGER ${name} AFTER ${event} ON ${s}.tasks REFERENCING ${sides.map((side) => TABLES[side]).join(' ')}
  FOR EACH STATEMENT EXECUTE FUNCTION ${s}.${name}();
`;
}
