/** Reads a file of tasks: a JSON object a line, in one of three forms that tell themselves apart. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TaskInput } from '../../client/index.ts';
import { TaskCommandError } from './control-options.ts';

export interface InputTask extends TaskInput {
  /** Where it stands in the file, from 1. */
  readonly line: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

interface Form {
  fits(record: JsonObject): boolean;
  read(record: JsonObject): TaskInput;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A line is read in the first form that fits. */
const FORMS: readonly Form[] = [
  {
    /** OpenAI's batch files: `{"custom_id", "method", "url", "body"}`. */
    fits: ({ url, body }) => typeof url === 'string' && isObject(body),
    read: ({ url, body, custom_id: customId }) => ({
      input: body as JsonObject,
      endpoint: url as string,
      ...(typeof customId === 'string' && { metadata: { custom_id: customId } }),
    }),
  },
  {
    /** The fields of `POST /queue/submit`. */
    fits: ({ task_input: input }) => isObject(input),
    read: ({ task_input: input, metadata, endpoint, task_id: id }) => ({
      input: input as JsonObject,
      ...(isObject(metadata) && { metadata }),
      ...(typeof endpoint === 'string' && { endpoint }),
      ...(typeof id === 'string' && { id }),
    }),
  },
  /** The input itself, such as the body of a chat completion. */
  { fits: () => true, read: (record) => ({ input: record }) },
];

/**
 * @param file a path, or `-` for standard input
 * @throws TaskCommandError naming the line that is wrong
 */
export async function* readTasks(file: string): AsyncGenerator<InputTask, void, undefined> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  try {
    for await (const text of lines) {
      line++;
      if (text.trim() !== '') yield { ...readLine(text, file, line), line };
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof TaskCommandError) throw error;
    throw new TaskCommandError(`--input: ${file} cannot be read (${code})`, { cause: error });
  }
}

function readLine(text: string, file: string, line: number): TaskInput {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw new TaskCommandError(`${file}:${line}: ${(error as Error).message}; each line is a JSON object`);
  }
  if (!isObject(record)) {
    throw new TaskCommandError(`${file}:${line}: found ${text.slice(0, 40)}, allowed is a JSON object`);
  }
  return FORMS.find((form) => form.fits(record))!.read(record);
}
