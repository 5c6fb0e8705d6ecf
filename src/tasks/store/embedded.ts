/** PostgreSQL inside the process: PGlite in a thread of its own, one connection, everything in one row. */

import { Worker } from 'node:worker_threads';
import { type Database, retryTransient, SESSION_SETTINGS, type Sql, storageUnavailable } from './database.ts';
import type {
  AnswerMessage,
  EmbeddedOptions,
  FailureMessage,
  StatementMessage,
} from './embedded-messages.ts';

const REOPEN_EVERY_MS = 1000;

/**
 * A database whose thread is started again when it broke (a full disk can make it stop at any place); its files are then brought back to
 * the last commit, as after a crash. What lives in memory alone cannot be brought back, and stays broken.
 */
export class EmbeddedDatabase implements Database {
  readonly #options: EmbeddedOptions;
  #session: Promise<Session> | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;
  #lastFailure: unknown;
  /** Whoever comes waits for all who came before: there is one connection. */
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  static async open(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
    const database = new EmbeddedDatabase(options);
    await database.#current();
    return database;
  }

  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.#exclusively(async (session) => {
      try {
        return await session.run<Row>(text, values);
      } catch (error) {
        // Several statements at once may have left a transaction open behind them.
        if (values === undefined && !session.isBroken) await session.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return retryTransient(() =>
      this.#exclusively(async (session) => {
        await session.run('BEGIN');
        try {
          const result = await work({ query: (text, values) => session.run(text, values) });
          await session.run('COMMIT');
          return result;
        } catch (error) {
          if (!session.isBroken) await session.run('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    );
  }

  /** Lets go without another write: the files belong to somebody else by now. */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    const session = await this.#session?.catch(() => undefined);
    session?.break(new Error('another process took the directory'));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#tail;
    const session = await this.#session?.catch(() => undefined);
    await session?.close();
  }

  #exclusively<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(storageUnavailable('it is closed'));
    const mine = this.#tail.then(async () => work(await this.#current()));
    this.#tail = mine.catch(() => undefined);
    return mine;
  }

  async #current(): Promise<Session> {
    const session = await this.#session?.catch(() => undefined);
    if (session !== undefined && !session.isBroken) return session;
    if (session !== undefined && this.#options.dataDirectory === undefined) {
      throw storageUnavailable('the database in memory broke, and its content is gone', session.failure);
    }
    if (performance.now() < this.#triedMs + REOPEN_EVERY_MS) {
      throw storageUnavailable('the embedded database broke, and is being opened again', this.#lastFailure);
    }
    this.#triedMs = performance.now();
    this.#lastFailure = session?.failure;
    this.#session = Session.start(this.#options);
    try {
      return await this.#session;
    } catch (error) {
      this.#lastFailure = error;
      throw storageUnavailable(`the embedded database cannot be opened: ${(error as Error).message}`, error);
    }
  }
}

/** One life of the thread. */
class Session {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(rows: object[]): void; reject(error: unknown): void }>();
  #nextId = 0;
  failure: unknown;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(options: EmbeddedOptions): Promise<Session> {
    // From the source Node runs the TypeScript file, from the build the JavaScript one.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./embedded-thread.${extension}`, import.meta.url), {
      workerData: options,
      execArgv: [],
    });
    const session = new Session(worker);
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: AnswerMessage) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failed') reject(errorOf(message.failure));
        else session.#hear(message);
      });
      worker.on('error', (error) => session.break(error));
      worker.on('exit', () => session.break(new Error('The thread of the embedded database ended.')));
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('The thread of the embedded database ended as it started.')));
    });
    await session.run(SESSION_SETTINGS);
    return session;
  }

  get isBroken(): boolean {
    return this.failure !== undefined;
  }

  run<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    if (this.failure !== undefined)
      return Promise.reject(storageUnavailable('the embedded database broke', this.failure));
    const id = this.#nextId++;
    return new Promise<Row[]>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (rows: object[]) => void, reject });
      // pg-boss takes an empty list for "no values"; only then may the text hold several statements.
      const message: StatementMessage =
        values === undefined || values.length === 0 ? { id, text } : { id, text, values };
      this.#worker.postMessage(message);
    });
  }

  async close(): Promise<void> {
    if (this.isBroken) return;
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.postMessage('close');
    await ended;
  }

  #hear(message: Extract<AnswerMessage, { id: number }>): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    if (message.type === 'rows') return waiting.resolve(message.rows);
    const error = errorOf(message.failure);
    waiting.reject(message.failure.isFatal ? storageUnavailable(error.message, error) : error);
    if (message.failure.isFatal) this.break(error);
  }

  break(error: unknown): void {
    if (this.isBroken) return;
    this.failure = error;
    void this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) {
      reject(storageUnavailable(`the embedded database broke: ${(error as Error).message}`, error));
    }
    this.#waiting.clear();
  }
}

function errorOf({ message, code, detail }: FailureMessage): Error {
  return Object.assign(new Error(message), { ...(code && { code }), ...(detail && { detail }) });
}
