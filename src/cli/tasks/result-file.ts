/** The file that results go to, a JSON object a line; a command that comes back goes on where it ends. */

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Task, TaskState } from '../../client/index.ts';
import { TaskCommandError } from './control-options.ts';
import { linesOf } from './lines.ts';

/** Of each line, since `line` is written first. */
const BEGINNING = '{"line":';

export interface ResultFile {
  /** How the tasks ended whose results an earlier command wrote, by id. */
  readonly ended: ReadonlyMap<string, TaskState>;
  /** One after the other, however many call at once: a long line takes several writes. */
  write(task: Task, line: number): Promise<void>;
  close(): Promise<void>;
}

/** @throws TaskCommandError when it cannot be written to, or holds something else */
export async function openResultFile(path: string): Promise<ResultFile> {
  const handle = await opened(path);
  try {
    const { ended, bytes } = await readResults(path);
    // A line that was cut off in the middle would spoil the one after it.
    await handle.truncate(bytes);
    return resultFile(handle, ended);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a+');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TaskCommandError(`--output: ${path} cannot be written (${code})`, { cause: error });
  }
}

function resultFile(handle: FileHandle, ended: ReadonlyMap<string, TaskState>): ResultFile {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ended,
    write(task, line) {
      const text = `${JSON.stringify(resultLine(task, line))}\n`;
      const written = last.then(() => handle.appendFile(text));
      last = written.catch(() => undefined);
      return written;
    },
    async close() {
      await last;
      await handle.close();
    },
  };
}

function resultLine(task: Task, line: number) {
  return {
    line,
    task_id: task.id,
    status: task.state,
    ...(task.result !== undefined && { result: task.result }),
    ...(task.failure !== undefined && { error: task.failure }),
    metadata: task.metadata,
  };
}

/** What is whole in the file, and how many bytes that is. */
async function readResults(path: string) {
  const ended = new Map<string, TaskState>();
  let bytes = 0;
  for await (const { text, number, endsAt, isWhole } of linesOf(createReadStream(path))) {
    const result = isWhole ? resultIn(text) : undefined;
    const isCutOff = !isWhole && (text.startsWith(BEGINNING) || BEGINNING.startsWith(text));
    if (result === undefined && !isCutOff) {
      throw new TaskCommandError(
        `--output: line ${number} of ${path} is no result of a task; give a file that is not there yet, or one that this command wrote`,
      );
    }
    if (result === undefined) break;
    bytes = endsAt;
    ended.set(result.task_id, result.status);
  }
  return { ended, bytes };
}

interface StoredResult {
  readonly task_id: string;
  readonly status: TaskState;
}

function resultIn(text: string): StoredResult | undefined {
  try {
    const { task_id: id, status } = JSON.parse(text) as Partial<StoredResult>;
    return typeof id === 'string' && typeof status === 'string' ? { task_id: id, status } : undefined;
  } catch {
    return undefined;
  }
}
