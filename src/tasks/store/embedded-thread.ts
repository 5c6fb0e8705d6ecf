/** The thread that PGlite lives in: one statement after the other, so that its work never holds up the event loop of the house. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import type {
  AnswerMessage,
  EmbeddedOptions,
  FailureMessage,
  StatementMessage,
} from './embedded-messages.ts';

const port = parentPort;
if (port === null)
  throw new Error('This file is the thread of the embedded database; it is not started by itself.');
const answer = (message: AnswerMessage): void => port.postMessage(message);

const { dataDirectory, template } = workerData as EmbeddedOptions;
try {
  const database = await PGlite.create({
    ...(dataDirectory !== undefined && { dataDir: dataDirectory }),
    ...(template !== undefined &&
      isNew(dataDirectory) && { loadDataDir: new Blob([readFileSync(template)]) }),
  });
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: StatementMessage | 'close') => {
    last = last.then(() => (message === 'close' ? close(database) : run(database, message)));
  });
  answer({ type: 'ready' });
} catch (error) {
  answer({ type: 'failed', failure: failureOf(error) });
  port.close();
}

function isNew(directory: string | undefined): boolean {
  return directory === undefined || !existsSync(directory) || readdirSync(directory).length === 0;
}

async function run(database: PGlite, { id, text, values }: StatementMessage): Promise<void> {
  try {
    const rows =
      values === undefined
        ? (await database.exec(text)).flatMap((result) => result.rows as object[])
        : (await database.query<object>(text, [...values])).rows;
    answer({ type: 'rows', id, rows });
  } catch (error) {
    answer({ type: 'error', id, failure: failureOf(error) });
  }
}

async function close(database: PGlite): Promise<void> {
  try {
    await database.close();
  } finally {
    port?.close();
  }
}

function failureOf(error: unknown): FailureMessage {
  const { message, code, detail, severity } = error as Error & {
    code?: string;
    detail?: string;
    severity?: string;
  };
  const isFromDatabase = severity !== undefined;
  return {
    message: String(message ?? error),
    ...(typeof code === 'string' && { code }),
    ...(typeof detail === 'string' && { detail }),
    isFatal: !isFromDatabase || severity === 'FATAL' || severity === 'PANIC',
  };
}
