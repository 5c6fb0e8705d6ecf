/** Files and batches of OpenAI's batch API in the same database as the tasks. */

import { randomUUID } from 'node:crypto';
import type { Batch, BatchState, StoredFile } from '../batches/batch.ts';
import { UNFINISHED_BATCH_STATES } from '../batches/batch.ts';
import type { BatchStore, ListWish } from '../batches/batch-store.ts';
import { TASK_STATES, type TaskState } from '../task.ts';
import { asStorageError, type Database } from './database.ts';

/** Pieces of this size are rows of their own, so that neither side holds a file whole. */
const CHUNK_BYTES = 256 * 1024;
/** Pieces of a file that was never finished are deleted after this long: until then somebody may still be writing it. */
const UNFINISHED_FILE_MS = 24 * 60 * 60_000;

interface FileRow {
  readonly id: string;
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
  readonly created_ms: number;
  readonly expires_ms: number | null;
  readonly tenant: string | null;
}

const FILE_COLUMNS = 'id, filename, purpose, bytes::float8 AS bytes, created_ms, expires_ms, tenant';

export class SqlBatchStore implements BatchStore {
  readonly #database: Database;
  readonly #s: string;

  /** @param schema a name that was checked */
  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#s = schema;
  }

  async saveFile(file: Omit<StoredFile, 'bytes'>, content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const contentId = randomUUID();
    let bytes = 0;
    let n = 0;
    for await (const piece of content) {
      for (let from = 0; from < piece.length; from += CHUNK_BYTES) {
        const chunk = piece.subarray(from, from + CHUNK_BYTES);
        await this.#query(
          `INSERT INTO ${this.#s}.file_chunks (content_id, n, created_ms, bytes) VALUES ($1, $2, $3, $4)`,
          [contentId, n++, file.createdMs, chunk],
        );
        bytes += chunk.length;
      }
    }
    const { id, filename, purpose, createdMs, expiresMs, tenant } = file;
    const values = [id, filename, purpose, bytes, createdMs, expiresMs ?? null, tenant ?? null, contentId];
    await this.#query(
      `WITH old AS (SELECT content_id FROM ${this.#s}.files WHERE id = $1),
        gone AS (DELETE FROM ${this.#s}.file_chunks WHERE content_id IN (SELECT content_id FROM old))
      INSERT INTO ${this.#s}.files (id, filename, purpose, bytes, created_ms, expires_ms, tenant, content_id)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (id) DO UPDATE SET filename = excluded.filename, bytes = excluded.bytes, content_id = excluded.content_id,
        expires_ms = excluded.expires_ms`,
      values,
    );
    return { ...file, bytes };
  }

  async file(id: string): Promise<StoredFile | undefined> {
    const [row] = await this.#query<FileRow>(`SELECT ${FILE_COLUMNS} FROM ${this.#s}.files WHERE id = $1`, [
      id,
    ]);
    return row && toFile(row);
  }

  async files(wish: ListWish): Promise<readonly StoredFile[]> {
    const rows = await this.#query<FileRow>(this.#page('files', FILE_COLUMNS, wish), [
      wish.tenant ?? '',
      wish.after ?? null,
      wish.limit,
      wish.purpose ?? null,
    ]);
    return rows.map(toFile);
  }

  async *readFile(id: string): AsyncGenerator<Uint8Array, void, undefined> {
    for (let n = 0; ; n++) {
      const [row] = await this.#query<{ bytes: Uint8Array }>(
        `SELECT c.bytes FROM ${this.#s}.file_chunks c JOIN ${this.#s}.files f USING (content_id) WHERE f.id = $1 AND c.n = $2`,
        [id, n],
      );
      if (row === undefined) return;
      yield row.bytes;
    }
  }

  async deleteFile(id: string): Promise<boolean> {
    return (await this.#deleteFiles('id = $1', [id])) > 0;
  }

  pruneFiles(nowMs: number): Promise<number> {
    return this.#deleteFiles('expires_ms <= $1', [nowMs]).then(async (gone) => {
      await this.#query(
        `DELETE FROM ${this.#s}.file_chunks c WHERE created_ms < $1 AND NOT EXISTS
          (SELECT FROM ${this.#s}.files f WHERE f.content_id = c.content_id)`,
        [nowMs - UNFINISHED_FILE_MS],
      );
      return gone;
    });
  }

  async createBatch(batch: Batch): Promise<void> {
    await this.#query(
      `INSERT INTO ${this.#s}.batches (id, tenant, state, created_ms, facts) VALUES ($1, $2, $3, $4, $5)`,
      [batch.id, batch.tenant ?? null, batch.state, batch.createdMs, JSON.stringify(batch)],
    );
  }

  async batch(id: string): Promise<Batch | undefined> {
    return (await this.#batches(`SELECT facts FROM ${this.#s}.batches WHERE id = $1`, [id]))[0];
  }

  batches(wish: ListWish): Promise<readonly Batch[]> {
    const values = [wish.tenant ?? '', wish.after ?? null, wish.limit, null];
    return this.#batches(this.#page('batches', 'facts', wish), values);
  }

  unfinishedBatches(): Promise<readonly Batch[]> {
    return this.#batches(
      `SELECT facts FROM ${this.#s}.batches WHERE state = ANY ($1::text[]) ORDER BY created_ms`,
      [UNFINISHED_BATCH_STATES],
    );
  }

  async replaceBatch(batch: Batch, from: BatchState): Promise<boolean> {
    const rows = await this.#query(
      `UPDATE ${this.#s}.batches SET state = $3, facts = $4 WHERE id = $1 AND state = $2 RETURNING id`,
      [batch.id, from, batch.state, JSON.stringify(batch)],
    );
    return rows.length > 0;
  }

  async batchCounts(id: string): Promise<Readonly<Record<TaskState, number>>> {
    const rows = await this.#query<{ state: TaskState; tasks: number }>(
      `SELECT state, count(*)::float8 AS tasks FROM ${this.#s}.tasks WHERE batch_id = $1 GROUP BY state`,
      [id],
    );
    const counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
    for (const { state, tasks } of rows) counts[state] = tasks;
    return counts;
  }

  /** $1 tenant or empty for everybody's, $2 id after which to go on, $3 how many, $4 purpose of files. */
  #page(table: 'files' | 'batches', columns: string, { order = 'desc' }: ListWish): string {
    const [direction, beyond] = order === 'desc' ? ['DESC', '<'] : ['ASC', '>'];
    const purpose = table === 'files' ? 'purpose' : 'NULL::text';
    return `
      SELECT ${columns} FROM ${this.#s}.${table}
      WHERE ($1::text = '' OR tenant = $1) AND ($4::text IS NULL OR ${purpose} = $4)
        AND ($2::text IS NULL OR (created_ms, id) ${beyond} (SELECT created_ms, id FROM ${this.#s}.${table} WHERE id = $2))
      ORDER BY created_ms ${direction}, id ${direction} LIMIT $3`;
  }

  async #batches(text: string, values: readonly unknown[]): Promise<readonly Batch[]> {
    const rows = await this.#query<{ facts: string }>(text, values);
    return rows.map(({ facts }) => JSON.parse(facts) as Batch);
  }

  async #deleteFiles(condition: string, values: readonly unknown[]): Promise<number> {
    const rows = await this.#query(
      `WITH gone AS (DELETE FROM ${this.#s}.files WHERE ${condition} RETURNING id, content_id),
        chunks AS (DELETE FROM ${this.#s}.file_chunks WHERE content_id IN (SELECT content_id FROM gone))
      SELECT id FROM gone`,
      values,
    );
    return rows.length;
  }

  async #query<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return await this.#database.query<Row>(text, values);
    } catch (error) {
      throw asStorageError(error);
    }
  }
}

function toFile({ created_ms, expires_ms, tenant, ...row }: FileRow): StoredFile {
  return {
    ...row,
    createdMs: created_ms,
    ...(expires_ms !== null && { expiresMs: expires_ms }),
    ...(tenant !== null && { tenant }),
  };
}
