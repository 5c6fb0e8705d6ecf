/** A table of times in a file: read, and read again when the file changes. */

import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { LookupTable, LookupTableError, parseLookupTable } from '../prediction/index.ts';

export interface LookupFileNews {
  readonly kind: 'reloaded' | 'not-reloaded';
  /** In words. */
  readonly message: string;
}

export interface LookupFileOptions {
  /** Handed each table that is read after the first one. */
  readonly onTable: (table: LookupTable) => void;
  /** Must not throw. */
  readonly onNews?: (news: LookupFileNews) => void;
  /** Milliseconds between two looks at the file; a change is taken over after two that saw the same. */
  readonly pollMs?: number;
}

export interface LookupFile {
  /** As read at the start. */
  readonly table: LookupTable;
  close(): void;
}

const DEFAULT_POLL_MS = 1_000;
const FORMATS: Readonly<Record<string, 'json' | 'csv'>> = { '.json': 'json', '.csv': 'csv' };
/** A file beyond this is hardly a table of times, and would fill the memory. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @throws LookupTableError naming the file, the record and the field; or what `node:fs` throws */
export async function readLookupTable(path: string): Promise<LookupTable> {
  const format = FORMATS[extname(path).toLowerCase()];
  const allowed = Object.keys(FORMATS).join(' or ');
  if (format === undefined)
    throw new LookupTableError(`${basename(path)}: its name must end with ${allowed}`);
  const { size } = await stat(path);
  if (size > MAX_BYTES) {
    throw new LookupTableError(`${basename(path)}: has ${size} bytes, at most ${MAX_BYTES} are allowed`);
  }
  try {
    return new LookupTable(parseLookupTable(await readFile(path, 'utf8'), format));
  } catch (error) {
    if (!(error instanceof LookupTableError)) throw error;
    const lines = error.message.split('\n').map((line) => `${basename(path)}, ${line}`);
    throw new LookupTableError(lines.join('\n'));
  }
}

/** @throws as `readLookupTable` at the start, since there is no older table to go on with */
export async function watchLookupTable(path: string, options: LookupFileOptions): Promise<LookupFile> {
  const { onTable, onNews, pollMs = DEFAULT_POLL_MS } = options;
  let seen = await fingerprint(path);
  let applied = seen;
  let isClosed = false;
  let timer: NodeJS.Timeout;

  /** Reads once two looks in a row saw the same new state, so that nobody is caught half-way writing. */
  async function look(): Promise<void> {
    const now = await fingerprint(path);
    const isSettled = now === seen;
    seen = now;
    if (!isSettled || now === applied || isClosed) return;
    applied = now;
    await readAgain();
  }

  async function readAgain(): Promise<void> {
    try {
      const table = await readLookupTable(path);
      if (isClosed) return;
      onTable(table);
      const { total_records: records } = table.statistics();
      onNews?.({ kind: 'reloaded', message: `${path} was read again: ${records} records` });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      onNews?.({
        kind: 'not-reloaded',
        message: `${path} cannot be read, the table before stays: ${reason}`,
      });
    }
  }

  function lookLater(): void {
    timer = setTimeout(() => {
      void look().finally(() => {
        if (!isClosed) lookLater();
      });
    }, pollMs);
    timer.unref();
  }

  const table = await readLookupTable(path);
  lookLater();
  return {
    table,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** A file that is not there has one, too: it is a change when it goes and when it comes back. */
async function fingerprint(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch (error) {
    return `unreadable: ${String(error)}`;
  }
}
