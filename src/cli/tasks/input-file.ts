/** Reads a file of tasks: a JSON object a line, in one of three forms that tell themselves apart. */

import { createReadStream } from 'node:fs';
import type { TaskInput } from '../../client/index.ts';
import { TaskCommandError } from './control-options.ts';
import { BATCH_LINE, type Form, INPUT_ITSELF, isObject, SUBMISSION } from './line-forms.ts';
import { type Line, linesOf } from './lines.ts';

export interface InputTask extends TaskInput {
  /** Where it stands in the file, from 1. */
  readonly line: number;
  /** Characters of its line, by which calls are kept small. */
  readonly size: number;
}

/** A line is read in the first form that fits. */
const FORMS: readonly Form[] = [BATCH_LINE, SUBMISSION, INPUT_ITSELF];

/** Mistakes told of at once; who has more mends these first. */
const MAX_MISTAKES = 10;
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * @param file a path, or `-` for standard input
 * @throws TaskCommandError naming the lines that are wrong, once all before have been given
 */
export async function* readTasks(file: string): AsyncGenerator<InputTask, void, undefined> {
  const mistakes: string[] = [];
  for await (const { text, number: line } of readLines(file)) {
    if (text.trim() === '') continue;
    const read = readLine(line === 1 ? text.replace(BYTE_ORDER_MARK, '') : text);
    if (typeof read !== 'string') yield { ...read, line, size: text.length };
    else mistakes.push(`${file}:${line}: ${read}`);
    if (mistakes.length === MAX_MISTAKES) break;
  }
  if (mistakes.length > 0) throw new TaskCommandError(mistakes.join('\n'));
}

async function* readLines(file: string): AsyncGenerator<Line, void, undefined> {
  try {
    yield* linesOf(file === '-' ? process.stdin : createReadStream(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new TaskCommandError(`--input: ${file} cannot be read (${code})`, { cause: error });
  }
}

/** The task, or what is wrong with it. */
function readLine(text: string): TaskInput | string {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    return `${(error as Error).message}; each line is a JSON object`;
  }
  if (!isObject(record)) return `found ${text.trim().slice(0, 40)}, allowed is a JSON object`;
  return FORMS.find((form) => form.fits(record))!.read(record);
}
