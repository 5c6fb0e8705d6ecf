/** The forms that a line of a task file may have, each with what it may say of its task. */

import type { TaskInput, TaskOptions, TaskPriority } from '../../client/index.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Form {
  fits(record: JsonObject): boolean;
  /** The task, or what is wrong with it. */
  read(record: JsonObject): TaskInput | string;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenAI's batch files: `{"custom_id", "method", "url", "body"}`. */
export const BATCH_LINE: Form = {
  fits: ({ url, body }) => typeof url === 'string' && isObject(body),
  read: ({ url, body, custom_id: customId }) => ({
    input: body as JsonObject,
    endpoint: url as string,
    ...(typeof customId === 'string' && { metadata: { custom_id: customId } }),
  }),
};

/** The fields of `POST /queue/submit`; the model is the command's. */
export const SUBMISSION: Form = {
  fits: ({ task_input: input }) => isObject(input),
  read(record) {
    const options: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(record)) {
      if (value === undefined || value === null || field === 'task_input') continue;
      const rule = FIELDS[field];
      if (rule === undefined) {
        return `found the field ${JSON.stringify(field)}, allowed beside task_input are ${Object.keys(FIELDS).join(', ')}`;
      }
      const wrong = rule.allowed(value);
      if (wrong !== undefined)
        return `${field}: found ${JSON.stringify(value).slice(0, 60)}, allowed is ${wrong}`;
      options[rule.option] = value;
    }
    return { ...(options as TaskOptions), input: record.task_input as JsonObject };
  },
};

/** The input itself, such as the body of a chat completion. */
export const INPUT_ITSELF: Form = { fits: () => true, read: (input) => ({ input }) };

interface Field {
  readonly option: keyof TaskOptions;
  /** What would be allowed instead; `undefined` where the value is. */
  allowed(value: unknown): string | undefined;
}

const must = (is: (value: unknown) => boolean, words: string) => (value: unknown) =>
  is(value) ? undefined : words;
const anObject = must(isObject, 'an object');
const aText = must((value) => typeof value === 'string', 'text');
const aNumber = must((value) => typeof value === 'number' && value >= 0, 'a number of at least 0');

/** With any other id a second submission of the same line would be a second task. */
const anId = must(
  (value) =>
    typeof value === 'string' && /^(task-)?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(value),
  'a UUID',
);

const PRIORITIES = [
  'CRITICAL',
  'HIGH',
  'NORMAL',
  'LOW',
  'BACKGROUND',
] as const satisfies readonly TaskPriority[];

const FIELDS: Readonly<Record<string, Field>> = {
  task_id: { option: 'id', allowed: anId },
  metadata: { option: 'metadata', allowed: anObject },
  endpoint: { option: 'endpoint', allowed: aText },
  priority: {
    option: 'priority',
    allowed: must((value) => PRIORITIES.some((name) => name === value), `one of ${PRIORITIES.join(', ')}`),
  },
  tenant: { option: 'tenant', allowed: aText },
  not_before_ms: { option: 'notBeforeMs', allowed: aNumber },
  deadline_ms: { option: 'deadlineMs', allowed: aNumber },
  max_retries: { option: 'maxRetries', allowed: aNumber },
  timeout_ms: { option: 'timeoutMs', allowed: aNumber },
  keep_result_ms: { option: 'keepResultMs', allowed: aNumber },
  webhook: {
    option: 'webhook',
    allowed: must((value) => isObject(value) && typeof value.url === 'string', 'an object with a url'),
  },
};
