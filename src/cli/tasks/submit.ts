/** `signalbox submit`: a file of tasks into the queue, and with `--wait` their results into another file. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Task, TaskClient, TaskOptions, TaskPriority } from '../../client/index.ts';
import type { Output } from '../replay/progress.ts';
import { collect } from './collect.ts';
import { TaskCommandError } from './control-options.ts';
import { type InputTask, readTasks } from './input-file.ts';
import { startProgressBar, type TaskProgress } from './progress-bar.ts';
import { stableTaskId } from './stable-id.ts';

export interface SubmitWish {
  readonly model: string;
  readonly input: string;
  readonly isWaiting: boolean;
  /** Where results go, a JSON object a line. */
  readonly output: string;
  /** Sets this run apart from another one with the same lines. */
  readonly run?: string;
  readonly options: Pick<TaskOptions, 'endpoint' | 'tenant' | 'maxRetries' | 'deadlineMs'> & {
    readonly priority?: TaskPriority;
  };
}

export interface SubmitStreams {
  readonly stderr: Output;
  readonly interrupt: AbortSignal;
}

export interface SubmitReport {
  readonly total: number;
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly isInterrupted: boolean;
}

/** Tasks in one call. */
const BATCH = 500;

export async function submitFile(
  client: TaskClient,
  wish: SubmitWish,
  { stderr, interrupt }: SubmitStreams,
): Promise<SubmitReport> {
  if (wish.input === '-' && wish.isWaiting && wish.run === undefined) {
    throw new TaskCommandError(
      '--wait with standard input needs --run NAME, by which the same tasks are found when the command is given again',
    );
  }
  const tasks: InputTask[] = [];
  for await (const task of readTasks(wish.input)) tasks.push(task);
  const run = wish.run ?? (await digestOf(wish.input));
  const ids = new Map(tasks.map((task) => [task.id ?? stableTaskId(run, wish.model, task), task.line]));
  const done = wish.isWaiting ? await idsIn(wish.output) : new Set<string>();
  const pending = new Set([...ids.keys()].filter((id) => !done.has(id)));
  const before = ids.size - pending.size;
  const progress: TaskProgress = { total: ids.size, submitted: before, completed: before, failed: 0 };
  const stop = startProgressBar(stderr, progress);
  try {
    await submitAll(client, wish, run, tasks, pending, progress, interrupt);
    if (wish.isWaiting) {
      const write = resultWriter(wish.output, ids, progress);
      await collect(client, wish.model, { pending, signal: interrupt, ...write });
    }
  } finally {
    stop();
  }
  const { total, submitted, completed, failed } = progress;
  return { total, submitted, completed, failed, isInterrupted: interrupt.aborted };
}

async function submitAll(
  client: TaskClient,
  { model, options }: SubmitWish,
  run: string,
  tasks: readonly InputTask[],
  pending: ReadonlySet<string>,
  progress: TaskProgress,
  signal: AbortSignal,
): Promise<void> {
  for (let begin = 0; begin < tasks.length && !signal.aborted; begin += BATCH) {
    const batch = tasks
      .slice(begin, begin + BATCH)
      .map((task) => ({ ...options, ...task, id: task.id ?? stableTaskId(run, model, task) }))
      .filter(({ id }) => pending.has(id));
    if (batch.length > 0) await client.submitBatch(model, batch);
    progress.submitted += batch.length;
  }
}

function resultWriter(output: string, lines: ReadonlyMap<string, number>, progress: TaskProgress) {
  return {
    async onEnded(task: Task): Promise<void> {
      await appendFile(output, `${JSON.stringify(resultLine(task, lines.get(task.id)))}\n`);
      if (task.state === 'completed') progress.completed++;
      else progress.failed++;
    },
    onGone(): void {
      progress.failed++;
    },
  };
}

function resultLine(task: Task, line: number | undefined) {
  return {
    line,
    task_id: task.id,
    status: task.state,
    ...(task.result !== undefined && { result: task.result }),
    ...(task.failure !== undefined && { error: task.failure }),
    metadata: task.metadata,
  };
}

async function digestOf(file: string): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.alloc(0));
  return createHash('sha256').update(content).digest('hex');
}

/** Ids of the results that an earlier run of the same command wrote; a line that it did not finish is none. */
async function idsIn(output: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  try {
    for await (const line of createInterface({ input: createReadStream(output) })) {
      const id = /"task_id":"([0-9a-f-]{36})"/.exec(line)?.[1];
      if (id !== undefined && line.endsWith('}')) ids.add(id);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return ids;
}
