/** The little that the store asks of a database connection, whichever PostgreSQL is behind it, and how its failures read. */

import { SignalboxError } from '../../domain/index.ts';

export interface Sql {
  /**
   * One statement with its values, or, without values, any number of statements; gives all their rows.
   * JSON and 64-bit columns are asked for as text or float8, so that both drivers give the same.
   */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
}

export interface Database extends Sql {
  /** Commits what `work` did when it resolves, and nothing when it rejects. Where others were in the way it is run again. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Said on every connection. Each statement has an index made for it; without statistics (after a bulk load, and always on PGlite, which has
 * no autovacuum) the planner would rather collect all that match and sort them.
 */
export const SESSION_SETTINGS = 'SET enable_bitmapscan = off; SET enable_seqscan = off; SET jit = off';

/** A deadlock or a serialization failure: nobody's fault, gone at the next try. */
const TRANSIENT = new Set(['40001', '40P01']);
const MAX_TRIES = 6;

export async function retryTransient<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === MAX_TRIES || !TRANSIENT.has(codeOf(error))) throw error;
    }
  }
}

/** SQLSTATE classes that say something about the server, not about the statement (PostgreSQL manual, appendix A). */
const SERVER_CLASSES = new Set(['08', '28', '3D', '53', '58']);
const SERVER_CODES = new Set(['25006', '57P01', '57P02', '57P03', '57P05', '55006']);
const SYSTEM_CODE = /^E[A-Z]{3,}/;
const CONNECTION_LOST =
  /connection terminated|connection ended|timeout exceeded when trying to connect|query read timeout|cannot use a pool after|client has encountered a connection error|not queryable/i;

/** A failure of the storage itself as `storage_unavailable`; anything else as it came. */
export function asStorageError(error: unknown): unknown {
  if (error instanceof SignalboxError || !(error instanceof Error)) return error;
  if (!isStorageFailure(error)) return error;
  return storageUnavailable(error.message || codeOf(error), error);
}

export function storageUnavailable(what: string, cause?: unknown): SignalboxError {
  return new SignalboxError(
    'storage_unavailable',
    `The storage of tasks does not answer as it should: ${what}. Nothing of this call is promised to be stored.`,
    { retryAfterMs: 1000, cause },
  );
}

export function isStorageFailure(error: unknown): boolean {
  if (error instanceof SignalboxError) return error.code === 'storage_unavailable';
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (SERVER_CLASSES.has(code.slice(0, 2)) || SERVER_CODES.has(code)) return true;
  return SYSTEM_CODE.test(code) || CONNECTION_LOST.test(error.message);
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
