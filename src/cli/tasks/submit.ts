/** `signalbox submit`: a file of tasks into the queue, and with `--wait` their results into another file. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { SubmittedTask, TaskClient, TaskOptions } from '../../client/index.ts';
import type { Output } from '../replay/progress.ts';
import { collect } from './collect.ts';
import { TaskCommandError } from './control-options.ts';
import { type InputTask, readTasks } from './input-file.ts';
import { Patience } from './patience.ts';
import { startProgressBar, type TaskProgress } from './progress-bar.ts';
import { openResultFile, type ResultFile } from './result-file.ts';
import { stableTaskId } from './stable-id.ts';

export interface SubmitWish {
  readonly model: string;
  readonly input: string;
  readonly isWaiting: boolean;
  /** Where results go, a JSON object a line. */
  readonly output: string;
  /** Sets this run apart from another one with the same lines. */
  readonly run?: string;
  /** What a task gets that says nothing else. */
  readonly options: Pick<TaskOptions, 'endpoint' | 'tenant' | 'maxRetries' | 'deadlineMs' | 'priority'>;
}

export interface SubmitStreams {
  readonly stderr: Output;
  readonly interrupt: AbortSignal;
}

export interface SubmitReport extends Readonly<TaskProgress> {
  readonly isInterrupted: boolean;
  /** What put an end to it before it was done. */
  readonly error?: unknown;
}

/** Tasks in one call, and characters of them. */
const BATCH_TASKS = 500;
const BATCH_SIZE = 4_000_000;

/** @throws TaskCommandError when it could not begin; what happens later is in the report, beside how far it came */
export async function submitFile(
  client: TaskClient,
  wish: SubmitWish,
  { stderr, interrupt }: SubmitStreams,
): Promise<SubmitReport> {
  await checkFiles(wish);
  const tasks = await openTasks(wish);
  const results = wish.isWaiting ? await openResultFile(wish.output) : undefined;
  const progress = startOf(tasks.lines, results);
  const stop = startProgressBar(stderr, progress);
  const patience = new Patience({
    signal: interrupt,
    onWaiting(reason) {
      progress.trouble = reason;
    },
  });
  let error: unknown;
  try {
    const pending = new Set([...tasks.lines.keys()].filter((id) => !results?.ended.has(id)));
    await submitAll(client, wish, { tasks, pending, progress, patience, interrupt });
    if (results !== undefined) {
      const write = writerOf(results, tasks.lines, progress);
      await collect(client, wish.model, { pending, patience, signal: interrupt, ...write });
    }
  } catch (thrown) {
    error = thrown;
  } finally {
    stop();
    await results?.close();
  }
  return { ...progress, isInterrupted: interrupt.aborted, ...(error !== undefined && { error }) };
}

async function checkFiles({ input, output, isWaiting }: SubmitWish): Promise<void> {
  if (!isWaiting) return;
  const same = await Promise.all([input, output].map((path) => realpath(path).catch(() => undefined)));
  if (same[0] !== undefined && same[0] === same[1]) {
    throw new TaskCommandError(`--output: ${output} is the input; results need a file of their own`);
  }
}

interface Tasks {
  /** Where each task stands, by its id. */
  readonly lines: ReadonlyMap<string, number>;
  /** All of them, once more. */
  read(): AsyncIterable<InputTask & { readonly id: string }>;
}

/** Reads everything once before anything is submitted: a file with a mistake in its last line is refused whole. */
async function openTasks({ input, model, run, options }: SubmitWish): Promise<Tasks> {
  const content = (await isFile(input)) ? undefined : await allOf(readTasks(input));
  const name = run ?? (content === undefined ? await digestOf(input) : digest(JSON.stringify(content)));
  async function* read() {
    for await (const task of content ?? readTasks(input)) {
      const whole = { ...options, ...task };
      yield { ...whole, id: task.id ?? stableTaskId(name, model, whole) };
    }
  }
  const lines = new Map<string, number>();
  for await (const { id, line } of read()) {
    const before = lines.get(id);
    if (before !== undefined) {
      throw new TaskCommandError(`${input}:${line}: task_id ${id} is already on line ${before}`);
    }
    lines.set(id, line);
  }
  return { lines, read };
}

function startOf(lines: ReadonlyMap<string, number>, results: ResultFile | undefined): TaskProgress {
  const states = [...lines.keys()].flatMap((id) => results?.ended.get(id) ?? []);
  const completed = states.filter((state) => state === 'completed').length;
  return {
    total: lines.size,
    submitted: states.length,
    before: states.length,
    completed,
    failed: states.length - completed,
    gone: 0,
    trouble: undefined,
  };
}

interface Submission {
  readonly tasks: Tasks;
  readonly pending: ReadonlySet<string>;
  readonly progress: TaskProgress;
  readonly patience: Patience;
  readonly interrupt: AbortSignal;
}

async function submitAll(client: TaskClient, { model }: SubmitWish, parts: Submission): Promise<void> {
  const { tasks, pending, progress, patience, interrupt } = parts;
  let batch: (InputTask & { readonly id: string })[] = [];
  let size = 0;
  async function send(): Promise<void> {
    const sent = batch;
    batch = [];
    size = 0;
    if (sent.length === 0) return;
    const stored: readonly SubmittedTask[] | undefined = await patience.call(() =>
      client.submitBatch(model, sent),
    );
    progress.submitted += stored?.length ?? 0;
  }
  for await (const task of tasks.read()) {
    if (interrupt.aborted) return;
    if (!pending.has(task.id)) continue;
    if (batch.length === BATCH_TASKS || (size > 0 && size + task.size > BATCH_SIZE)) await send();
    batch.push(task);
    size += task.size;
  }
  if (!interrupt.aborted) await send();
}

function writerOf(results: ResultFile, lines: ReadonlyMap<string, number>, progress: TaskProgress) {
  return {
    async onEnded(task: Parameters<ResultFile['write']>[0]): Promise<void> {
      await results.write(task, lines.get(task.id)!);
      if (task.state === 'completed') progress.completed++;
      else progress.failed++;
    },
    onGone(): void {
      progress.gone++;
    },
  };
}

/** Of standard input and pipes there is only one reading. */
async function isFile(input: string): Promise<boolean> {
  return input !== '-' && (await stat(input).catch(() => undefined))?.isFIFO() !== true;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TaskCommandError(`--input: ${file} cannot be read (${code})`, { cause: error });
  }
  return hash.digest('hex');
}
