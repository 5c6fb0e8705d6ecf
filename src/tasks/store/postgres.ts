/** A PostgreSQL server behind a pool of connections, and the one connection on which it calls us. */

import pg from 'pg';
import { type Database, retryTransient, SESSION_SETTINGS, type Sql } from './database.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** A server that takes a statement and never answers (its host went away without a word) must not hold a caller for ever. */
const STATEMENT_TIMEOUT_MS = 60_000;
const MAX_CONNECTIONS = 8;
const LISTEN_CHECK_MS = 10_000;
const RECONNECT_MS = 1000;

export class PostgresDatabase implements Database {
  readonly #pool: pg.Pool;
  #isClosed = false;

  constructor(url: string, onError: (error: Error) => void) {
    this.#pool = new pg.Pool({
      ...connectionOptions(url),
      max: MAX_CONNECTIONS,
      query_timeout: STATEMENT_TIMEOUT_MS,
      onConnect: (client) => client.query(SESSION_SETTINGS).then(() => undefined),
    });
    this.#pool.on('error', onError);
  }

  async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return rowsOf<Row>(await this.#pool.query(text, values && [...values]));
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return retryTransient(() => this.#try(work));
  }

  async #try<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let lost: Error | undefined;
    // A connection that drops between two statements says so here alone; without a listener it would end the process.
    const onLost = (error: Error): void => {
      lost = error;
    };
    client.on('error', onLost);
    const sql: Sql = {
      query: async (text, values) => rowsOf(await client.query(text, values && [...values])),
    };
    try {
      await client.query('BEGIN');
      const result = await work(sql);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failed: Error) => {
        lost ??= failed;
      });
      throw lost ?? error;
    } finally {
      client.off('error', onLost);
      client.release(lost);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.end();
  }
}

export interface Listening {
  close(): Promise<void>;
}

/**
 * Hears `channel`, and connects again for as long as it takes; `connected` is called each time, for what was said
 * meanwhile is lost, and `checked` whenever the connection was seen to work.
 */
export function listen(
  url: string,
  channel: string,
  on: { message(payload: string): void; connected(): void; checked(): void; error(error: Error): void },
): Listening {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function connect(): Promise<void> {
    const mine = new pg.Client({ ...connectionOptions(url), query_timeout: CONNECT_TIMEOUT_MS });
    client = mine;
    mine.on('error', (error) => lose(mine, error));
    mine.on('end', () => lose(mine, new Error('the connection that listens for changes ended')));
    mine.on('notification', (message) => on.message(message.payload ?? ''));
    try {
      await mine.connect();
      await mine.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      on.connected();
      checkLater(mine);
    } catch (error) {
      lose(mine, error as Error);
    }
  }

  /** A connection can die without a word; only asking shows it. */
  function checkLater(mine: pg.Client): void {
    timer = setTimeout(() => {
      mine.query('SELECT 1').then(
        () => {
          if (client !== mine || isClosed) return;
          on.checked();
          checkLater(mine);
        },
        (error) => lose(mine, error as Error),
      );
    }, LISTEN_CHECK_MS);
    timer.unref();
  }

  function lose(mine: pg.Client, error: Error): void {
    if (client !== mine || isClosed) return;
    client = undefined;
    clearTimeout(timer);
    mine.end().catch(() => undefined);
    on.error(error);
    timer = setTimeout(connect, RECONNECT_MS);
    timer.unref();
  }

  void connect();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}

/** What the server promises of a commit, as its settings are now. */
export async function describeDurability(sql: Sql): Promise<string> {
  const [row] = await sql.query<Record<'commit' | 'fsync' | 'pages', string>>(
    `SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS pages`,
  );
  const settings = `synchronous_commit=${row?.commit}, fsync=${row?.fsync}, full_page_writes=${row?.pages}`;
  const isSafe = row?.commit !== 'off' && row?.fsync === 'on' && row?.pages === 'on';
  return isSafe
    ? `tasks and results survive the death of Signalbox, and of PostgreSQL and its machine as PostgreSQL is configured (${settings})`
    : `tasks and results survive the death of Signalbox, but PostgreSQL is configured to lose the last commits when it or its machine dies (${settings})`;
}

function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'signalbox',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  };
}

function rowsOf<Row extends object>(result: pg.QueryResult | pg.QueryResult[]): Row[] {
  return Array.isArray(result) ? result.flatMap((one) => one.rows as Row[]) : (result.rows as Row[]);
}
