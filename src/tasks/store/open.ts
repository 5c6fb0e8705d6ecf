/** Opens the task store: in memory, in a directory of this process alone, or on a PostgreSQL that several processes share. */

import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { BatchStore } from '../batches/batch-store.ts';
import { ChangeFeed, isOthersShared, unpackChanges } from './changes.ts';
import { asStorageError, type Database } from './database.ts';
import { lockDirectory } from './directory-lock.ts';
import { EmbeddedDatabase } from './embedded.ts';
import { type JobQueue, openJobQueue } from './job-queue.ts';
import { migrate, oneAtATime, schemasNamed } from './migrations.ts';
import { missedChanges } from './missed-changes.ts';
import { describeDurability, listen, PostgresDatabase } from './postgres.ts';
import { SqlBatchStore } from './sql-batch-store.ts';
import { SqlTaskStore } from './sql-task-store.ts';
import type { Durability, TaskStore } from './task-store.ts';

export interface TaskStoreOptions {
  /** `postgres://…`: several processes may share it. */
  readonly url?: string;
  /** A directory for the embedded store, of this process alone. */
  readonly directory?: string;
  /** The embedded store with nothing on disk. */
  readonly memory?: true;
  /**
   * File with a dump of an embedded store (PGlite's `dumpDataDir`), which a new one begins with: tests open many. One that is there
   * already does not look at it.
   */
  readonly template?: string;
  /** How long a process may be silent before the others take over what it holds. */
  readonly heartbeatMs?: number;
  /** Schema of the tables; pg-boss's are in `NAME_jobs`. */
  readonly schema?: string;
  /** A clock that never jumps. */
  monotonicMs?(): number;
  /** Told of failures that no call reports: lost connections, listeners that throw. */
  onError?(error: Error): void;
}

const DEFAULT_HEARTBEAT_MS = 10_000;
/** About what autovacuum waits for on small tables; PGlite has none. */
const VACUUM_AFTER_ROWS = 20_000;

const SURVIVES = {
  memory: 'nothing: tasks and results are gone when this process ends',
  embedded:
    'tasks and results survive the death of this process at any moment (kill -9), but the last seconds may be lost when the machine loses power',
} as const;

/** Tasks, and what the batch API keeps beside them. */
export interface OpenTaskStore extends TaskStore {
  readonly batches: BatchStore;
}

/** @throws SignalboxError `conflict` when another process has the directory, `storage_unavailable` when the storage cannot be reached */
export async function openTaskStore(options: TaskStoreOptions): Promise<OpenTaskStore> {
  const { url, directory, memory } = options;
  const given = [url, directory, memory].filter((one) => one !== undefined);
  if (given.length !== 1) throw new RangeError('openTaskStore: one of url, directory and memory');
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) {
    throw new RangeError('openTaskStore: url begins with postgres:// or postgresql://');
  }
  try {
    return url !== undefined ? await openShared(options, url) : await openEmbedded(options, directory);
  } catch (error) {
    throw asStorageError(error);
  }
}

async function openEmbedded(
  options: TaskStoreOptions,
  directory: string | undefined,
): Promise<OpenTaskStore> {
  const { template, onError = () => undefined } = options;
  let database: EmbeddedDatabase | undefined;
  const lock =
    directory === undefined
      ? undefined
      : await lockDirectory(resolve(directory), () => {
          onError(new Error(`Another process took the directory ${directory}; its store is closed here.`));
          void database?.abandon();
        });
  try {
    database = await EmbeddedDatabase.open({
      ...(directory !== undefined && { dataDirectory: join(resolve(directory), 'data') }),
      ...(template !== undefined && { template: resolve(template) }),
    });
    const level = directory === undefined ? 'memory' : 'embedded';
    return await assemble(options, database, {
      durability: { level, survives: SURVIVES[level] },
      feed: new ChangeFeed(onError),
      isAlone: true,
      release: async () => {
        await database?.close();
        await lock?.release();
      },
    });
  } catch (error) {
    await database?.close().catch(() => undefined);
    await lock?.release();
    throw error;
  }
}

async function openShared(options: TaskStoreOptions, url: string): Promise<OpenTaskStore> {
  const onError = options.onError ?? (() => undefined);
  const database = new PostgresDatabase(url, onError);
  const feed = new ChangeFeed(onError);
  const channel = { name: `signalbox_${options.schema ?? 'signalbox'}`, me: randomUUID() };
  try {
    const survives = await describeDurability(database);
    const missed = missedChanges(database, options.schema ?? 'signalbox', feed, onError);
    let listening: { close(): Promise<void> } | undefined;
    const store = await assemble(options, database, {
      durability: { level: 'postgres', survives },
      feed,
      channel,
      isAlone: false,
      release: async () => {
        await listening?.close();
        await missed.close();
        await database.close();
      },
    });
    listening = listen(url, channel.name, {
      message(payload) {
        feed.publish(unpackChanges(channel.me, payload));
        if (isOthersShared(channel.me, payload)) feed.publishShared();
      },
      connected() {
        missed.hearsAgain();
        feed.publishShared();
      },
      checked: () => missed.hearsStill(),
      error: (error) => {
        missed.hearsNothing();
        onError(error);
      },
    });
    return store;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function assemble(
  options: TaskStoreOptions,
  database: Database,
  parts: {
    readonly durability: Durability;
    readonly feed: ChangeFeed;
    readonly channel?: { readonly name: string; readonly me: string };
    readonly isAlone: boolean;
    release(): Promise<void>;
  },
): Promise<OpenTaskStore> {
  const schemas = schemasNamed(options.schema ?? 'signalbox');
  const onError = options.onError ?? (() => undefined);
  const prepare = async (): Promise<JobQueue> => {
    await migrate(database, schemas);
    return openJobQueue(database, schemas, { backend: parts.isAlone ? 'pglite' : 'postgres', onError });
  };
  const jobs = await (parts.isAlone ? prepare() : oneAtATime(database, schemas, prepare));
  const store = new SqlTaskStore({
    database,
    jobs,
    schema: schemas.record,
    heartbeatMs: options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    ...(parts.isAlone && { vacuumAfterRows: VACUUM_AFTER_ROWS }),
    onError,
    ...parts,
  });
  try {
    await store.begin(parts.isAlone);
  } catch (error) {
    await jobs.close();
    throw error;
  }
  return Object.assign(store, { batches: new SqlBatchStore(database, schemas.record) });
}
