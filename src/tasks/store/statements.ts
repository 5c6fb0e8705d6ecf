/**
 * Every statement over our own tables. Values travel as one JSON text where there are many rows, which costs one parse on either side; what is
 * JSON itself lies in it as a string, for PostgreSQL would refuse \u0000 in it otherwise.
 */

const SUMMARY_COLUMNS = `
  id::text, seq::text, state, priority, attempt, retries, max_retries, model, fingerprint, given_id, idempotency_key, endpoint, tenant,
  batch_id, custom_id, planned_instance, instance, not_before_ms, deadline_ms, timeout_ms, keep_result_ms, submitted_ms, scheduled_ms,
  ended_ms, execution_ms, expected_ms, error_ms, quantiles, webhook_url, failure, traceparent, tracestate, queued_ms, failed_at`;

const STATES = ['queued', 'scheduled', 'completed', 'failed', 'cancelled'] as const;

export type Statements = ReturnType<typeof statementsFor>;

/** `s`: the schema; a name that was checked. */
export function statementsFor(s: string) {
  const now = `${s}.now_ms()`;
  return {
    now: `SELECT ${now} AS now_ms`,

    /** $1: rows as JSON, no id twice. Gives the ids that were new. */
    insertTasks: `
      WITH given AS (
        SELECT * FROM json_to_recordset($1::text::json) AS g (
          n int, id uuid, priority smallint, max_retries int, model text, fingerprint text, given_id text, idempotency_key text,
          endpoint text, tenant text, batch_id text, custom_id text, planned_instance text, not_before_ms float8, deadline_ms float8,
          timeout_ms float8, keep_result_ms float8, submitted_ms float8, expected_ms float8, error_ms float8, quantiles text,
          webhook_url text, traceparent text, tracestate text, input text, metadata text)
      ), stored AS (
        INSERT INTO ${s}.tasks (id, priority, max_retries, model, fingerprint, given_id, idempotency_key, endpoint, tenant, batch_id,
          custom_id, planned_instance, not_before_ms, deadline_ms, timeout_ms, keep_result_ms, submitted_ms, expected_ms, error_ms,
          quantiles, webhook_url, traceparent, tracestate, start_ms, due_ms)
        SELECT id, priority, max_retries, model, fingerprint, given_id, idempotency_key, endpoint, tenant, batch_id,
          custom_id, planned_instance, not_before_ms, deadline_ms, timeout_ms, keep_result_ms, submitted_ms, expected_ms, error_ms,
          quantiles, webhook_url, traceparent, tracestate, CASE WHEN not_before_ms > ${now} THEN not_before_ms ELSE 0 END, deadline_ms
        FROM given ORDER BY n
        ON CONFLICT DO NOTHING RETURNING id, start_ms
      ), bodies AS (
        INSERT INTO ${s}.inputs (task_id, input, metadata) SELECT id, input, metadata FROM given JOIN stored USING (id)
      )
      SELECT id::text, start_ms, ${now} AS now_ms FROM stored`,
    /** $1: ids, $2: keys as JSON rows of tenant and key. */
    findKnown: `
      SELECT ${SUMMARY_COLUMNS} FROM ${s}.tasks WHERE id = ANY ($1::uuid[])
      UNION
      SELECT ${SUMMARY_COLUMNS} FROM ${s}.tasks WHERE (coalesce(tenant, ''), idempotency_key) IN (
        SELECT k.tenant, k.key FROM json_to_recordset($2::text::json) AS k (tenant text, key text)) AND idempotency_key IS NOT NULL`,

    /** $1: ids of fetched jobs, $2: this process, which must not have been declared dead meanwhile. */
    claim: `
      WITH alive AS (SELECT id FROM ${s}.processes WHERE id = $2::uuid FOR KEY SHARE),
      free AS (SELECT id FROM ${s}.tasks WHERE id = ANY ($1::uuid[]) AND state = 'queued' FOR UPDATE SKIP LOCKED),
      claimed AS (
        UPDATE ${s}.tasks t SET state = 'scheduled', attempt = t.attempt + 1, holder = alive.id, instance = NULL, runs_in = NULL,
          scheduled_ms = ${now}, due_ms = least(t.deadline_ms, ${now} + t.timeout_ms)
        FROM free, alive WHERE t.id = free.id RETURNING t.*
      )
      SELECT ${SUMMARY_COLUMNS}, input, metadata FROM claimed JOIN ${s}.inputs ON task_id = id
      ORDER BY priority, claimed.seq`,
    statesOf: `SELECT id::text, state FROM ${s}.tasks WHERE id = ANY ($1::uuid[])`,
    /** $1: placements as JSON, $2: this process. */
    place: `
      UPDATE ${s}.tasks t SET instance = p.instance, runs_in = p.runs_in,
        holder = CASE WHEN p.runs_in = 'instance' THEN NULL ELSE t.holder END,
        scheduled_ms = ${now}, due_ms = least(t.deadline_ms, ${now} + t.timeout_ms),
        expected_ms = coalesce(p.expected_ms, t.expected_ms),
        error_ms = CASE WHEN p.expected_ms IS NULL THEN t.error_ms ELSE p.error_ms END,
        quantiles = CASE WHEN p.expected_ms IS NULL THEN t.quantiles ELSE p.quantiles END
      FROM json_to_recordset($1::text::json) AS p (
        id uuid, attempt int, instance text, runs_in text, expected_ms float8, error_ms float8, quantiles text)
      WHERE t.id = p.id AND t.attempt = p.attempt AND t.state = 'scheduled' AND t.holder = $2::uuid
      RETURNING t.id::text, t.model, t.scheduled_ms AS at_ms`,

    lock: `SELECT ${SUMMARY_COLUMNS} FROM ${s}.tasks WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
    /** $1: what becomes of locked tasks, as JSON. */
    settle: `
      WITH change AS (
        SELECT * FROM json_to_recordset($1::text::json) AS c (
          id uuid, state text, failure text, execution_ms float8, retries int, retry_after_ms float8, result text)
      ), settled AS (
        UPDATE ${s}.tasks t SET state = c.state, failure = CASE WHEN c.state <> 'completed' THEN coalesce(c.failure, t.failure) END, retries = coalesce(c.retries, t.retries),
          execution_ms = c.execution_ms, holder = NULL, runs_in = NULL,
          failed_at = CASE WHEN c.retries IS NULL OR t.instance IS NULL THEN t.failed_at ELSE concat_ws(' ', t.failed_at, t.instance) END,
          queued_ms = CASE WHEN c.state = 'queued' THEN ${now} ELSE t.queued_ms END,
          start_ms = CASE WHEN c.state = 'queued' AND c.retry_after_ms > 0 THEN ${now} + ceil(c.retry_after_ms) ELSE 0 END,
          due_ms = CASE WHEN c.state = 'queued' THEN t.deadline_ms END,
          ended_ms = CASE WHEN c.state <> 'queued' THEN ${now} END
        FROM change c WHERE t.id = c.id RETURNING t.*
      ), results AS (
        INSERT INTO ${s}.results (task_id, result, expires_ms)
        SELECT c.id, c.result, ${now} + settled.keep_result_ms FROM change c JOIN settled ON settled.id = c.id
        WHERE c.result IS NOT NULL
      ), told AS (
        INSERT INTO ${s}.webhooks (task_id, due_ms) SELECT id, ${now} FROM settled WHERE webhook_url IS NOT NULL AND ended_ms IS NOT NULL
      )
      SELECT ${SUMMARY_COLUMNS}, start_ms, ${now} AS now_ms FROM settled`,

    get: `
      SELECT ${SUMMARY_COLUMNS}, input, metadata, result FROM ${s}.tasks t
      JOIN ${s}.inputs i ON i.task_id = t.id LEFT JOIN ${s}.results r ON r.task_id = t.id AND r.expires_ms > ${now}
      WHERE t.id = ANY ($1::uuid[])`,
    heldBy: `SELECT ${SUMMARY_COLUMNS} FROM ${s}.tasks WHERE instance = $1 AND state = 'scheduled' ORDER BY tasks.seq`,
    countByState: `SELECT state, sum(tasks)::float8 AS tasks FROM ${s}.counts GROUP BY state`,
    loads: `
      SELECT instance, model, sum(tasks)::float8 AS tasks, sum(expected_ms)::float8 AS expected_ms, sum(variance_ms2)::float8 AS variance_ms2
      FROM ${s}.loads GROUP BY instance, model HAVING sum(tasks) > 0 ORDER BY instance, model`,
    dueModels: `
      SELECT model FROM (SELECT model FROM ${s}.counts WHERE state = 'queued' GROUP BY model HAVING sum(tasks) > 0) AS waiting
      WHERE (SELECT start_ms FROM ${s}.tasks t WHERE t.model = waiting.model AND t.state = 'queued' ORDER BY start_ms LIMIT 1) <= ${now}
      ORDER BY model`,
    nextDue: `
      SELECT min((SELECT start_ms FROM ${s}.tasks t WHERE t.model = waiting.model AND t.state = 'queued' AND t.start_ms > ${now}
        ORDER BY start_ms LIMIT 1)) AS next_ms
      FROM (SELECT model FROM ${s}.counts WHERE state = 'queued' GROUP BY model HAVING sum(tasks) > 0) AS waiting`,
    /** $1: limit, $2: this process; a try that runs in another process is that process's to end. */
    overdue: `
      SELECT ${SUMMARY_COLUMNS} FROM ${s}.tasks
      WHERE due_ms <= ${now} AND (state = 'queued' OR runs_in = 'instance' OR holder = $2::uuid) ORDER BY due_ms LIMIT $1`,

    register: `INSERT INTO ${s}.processes (id) VALUES ($1::uuid)`,
    beat: `UPDATE ${s}.processes SET beat = beat + 1 WHERE id = $1::uuid RETURNING beat::text`,
    processes: `SELECT id::text, beat::text FROM ${s}.processes`,
    /** $1, $2: a process and its last beat; nothing happens when it beat since. */
    declareDead: `DELETE FROM ${s}.processes WHERE id = $1::uuid AND beat = $2::bigint RETURNING id::text`,
    unregister: `DELETE FROM ${s}.processes WHERE id = $1::uuid`,
    unregisterAll: `DELETE FROM ${s}.processes RETURNING id::text`,
    /** $1: a dead process, $2: at most so many. */
    lockHeld: `
      SELECT ${SUMMARY_COLUMNS} FROM ${s}.tasks WHERE holder = $1::uuid AND state = 'scheduled' ORDER BY id LIMIT $2 FOR UPDATE`,

    /** $1: at most so many, $2: age in milliseconds at which final tasks go, $3: so many more of the oldest go. */
    prune: `
      WITH old AS (
        SELECT id FROM (
          (SELECT id FROM ${s}.tasks WHERE ended_ms < ${now} - $2::float8 ORDER BY ended_ms LIMIT $1)
          UNION
          (SELECT id FROM ${s}.tasks WHERE ended_ms IS NOT NULL ORDER BY ended_ms LIMIT $3)
        ) AS either LIMIT $1
      ), tasks_gone AS (DELETE FROM ${s}.tasks t USING old WHERE t.id = old.id AND t.ended_ms IS NOT NULL RETURNING t.id),
      inputs_gone AS (DELETE FROM ${s}.inputs USING tasks_gone WHERE task_id = tasks_gone.id),
      results_gone AS (DELETE FROM ${s}.results USING tasks_gone WHERE task_id = tasks_gone.id),
      webhooks_gone AS (DELETE FROM ${s}.webhooks USING tasks_gone WHERE task_id = tasks_gone.id)
      SELECT count(*)::int AS gone FROM tasks_gone`,
    pruneResults: `
      WITH old AS (SELECT task_id FROM ${s}.results WHERE expires_ms <= ${now} ORDER BY expires_ms LIMIT $1 FOR UPDATE SKIP LOCKED),
      gone AS (DELETE FROM ${s}.results r USING old WHERE r.task_id = old.task_id RETURNING r.task_id)
      SELECT count(*)::int AS gone FROM gone`,
    /** Puts the sums of connections that are gone into one row. Whoever writes one of these rows keeps it. */
    foldCounts: `
      WITH gone AS (
        DELETE FROM ${s}.counts c USING (SELECT ctid FROM ${s}.counts WHERE shard <> 0
          AND shard NOT IN (SELECT pid FROM pg_stat_activity) FOR UPDATE SKIP LOCKED) AS dead
        WHERE c.ctid = dead.ctid RETURNING model, state, tasks)
      INSERT INTO ${s}.counts AS c (model, state, shard, tasks)
      SELECT model, state, 0, sum(tasks) FROM gone GROUP BY model, state ORDER BY model, state
      ON CONFLICT (model, state, shard) DO UPDATE SET tasks = c.tasks + excluded.tasks`,
    foldLoads: `
      WITH gone AS (
        DELETE FROM ${s}.loads l USING (SELECT ctid FROM ${s}.loads WHERE shard <> 0
          AND shard NOT IN (SELECT pid FROM pg_stat_activity) FOR UPDATE SKIP LOCKED) AS dead
        WHERE l.ctid = dead.ctid RETURNING instance, model, tasks, expected_ms, variance_ms2)
      INSERT INTO ${s}.loads AS l (instance, model, shard, tasks, expected_ms, variance_ms2)
      SELECT instance, model, 0, sum(tasks), sum(expected_ms), sum(variance_ms2) FROM gone GROUP BY instance, model ORDER BY instance, model
      ON CONFLICT (instance, model, shard) DO UPDATE SET tasks = l.tasks + excluded.tasks,
        expected_ms = l.expected_ms + excluded.expected_ms, variance_ms2 = l.variance_ms2 + excluded.variance_ms2`,
    clear: `TRUNCATE ${s}.tasks, ${s}.inputs, ${s}.results, ${s}.webhooks, ${s}.counts, ${s}.loads, ${s}_jobs.job`,
    vacuum: ['tasks', 'inputs', 'results', 'webhooks', 'counts', 'loads', 'processes']
      .map((table) => `${s}.${table}`)
      .concat(`${s}_jobs.job`)
      .map((table) => `VACUUM ${table}`),

    walBytes: `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`,

    /** $1: limit, $2: held back for so long. */
    claimWebhooks: `
      WITH due AS (SELECT task_id FROM ${s}.webhooks WHERE due_ms <= ${now} ORDER BY due_ms LIMIT $1 FOR UPDATE SKIP LOCKED),
      held AS (
        UPDATE ${s}.webhooks w SET due_ms = ${now} + $2::float8, tries = tries + 1 FROM due WHERE w.task_id = due.task_id
        RETURNING w.task_id, w.tries)
      SELECT ${SUMMARY_COLUMNS}, tries FROM held JOIN ${s}.tasks ON id = task_id ORDER BY ended_ms`,
    webhookDone: `DELETE FROM ${s}.webhooks WHERE task_id = $1::uuid`,
    webhookAgain: `UPDATE ${s}.webhooks SET due_ms = ${now} + $2::float8 WHERE task_id = $1::uuid`,
    nextWebhook: `SELECT due_ms FROM ${s}.webhooks ORDER BY due_ms LIMIT 1`,

    saveInstance: `
      INSERT INTO ${s}.instances (uuid, url, kind, model, registered_ms, facts) VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (uuid) DO UPDATE SET url = excluded.url, kind = excluded.kind, model = excluded.model,
        registered_ms = excluded.registered_ms, facts = excluded.facts`,
    deleteInstance: `DELETE FROM ${s}.instances WHERE uuid = $1`,
    instances: `SELECT uuid, url, kind, model, registered_ms, facts FROM ${s}.instances ORDER BY registered_ms, uuid`,
    setting: `SELECT value FROM ${s}.settings WHERE key = $1`,
    setSetting: `
      INSERT INTO ${s}.settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,

    /** What changed since: $1 a moment, $2 the newest task known, $3 at most so many; for listeners that were cut off. */
    changedSince: `
      (SELECT id::text, model, state, ended_ms AS at_ms FROM ${s}.tasks WHERE ended_ms >= $1::float8 ORDER BY ended_ms LIMIT $3)
      UNION ALL
      (SELECT id::text, model, state, submitted_ms FROM ${s}.tasks WHERE state = 'queued' AND seq > $2::bigint ORDER BY seq LIMIT $3)`,
    newestSeq: `SELECT coalesce(max(seq), 0)::text AS seq FROM (
      ${STATES.map((state) => `SELECT max(seq) AS seq FROM ${s}.tasks WHERE state = '${state}'`).join(' UNION ALL ')}) AS newest`,
  };
}

/** Columns that a listing may begin with, the narrowest first. */
const LISTED_BY = { batch_id: true, instance: true, tenant: true, model: true };
export type ListedColumn = keyof typeof LISTED_BY;

/** A page of a listing, newest first. $1: limit, $2: the last one's number or null, then the values of `columns`. */
export function listStatement(
  s: string,
  columns: readonly ListedColumn[],
  state: string | undefined,
): string {
  const conditions = columns.map((column, index) => `AND ${column} = $${index + 3}`).join(' ');
  const ofState = (one: string): string => `
    (SELECT * FROM ${s}.tasks WHERE state = '${one}' ${conditions} AND ($2::bigint IS NULL OR seq < $2::bigint) ORDER BY seq DESC LIMIT $1)`;
  const states = STATES.filter((one) => state === undefined || one === state);
  return `SELECT ${SUMMARY_COLUMNS} FROM (${states.map(ofState).join(' UNION ALL ')}) AS page ORDER BY page.seq DESC LIMIT $1`;
}
