/** `POST /queue/submit` and `/queue/submit_batch`: tasks come in. */

import { asSignalboxError, REQUEST_PRIORITIES, SignalboxError } from '../../../domain/index.ts';
import { type TraceHeaders, traceHeadersOf } from '../../../telemetry/tracing/index.ts';
import type { NewTask, Submitted } from '../../task-service.ts';
import { detail, ok, type TaskAnswer } from '../answer.ts';
import { checked, readBody } from '../fields/body.ts';
import {
  type Check,
  decimal,
  dictionary,
  integer,
  list,
  oneOf,
  optional,
  record,
  required,
  text,
  webAddress,
  withDefault,
} from '../fields/checks.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';
import { canonicalTaskId, newTaskId } from '../task-id.ts';

/** Up to the last date that there is (ECMA-262, 21.4.1.1). */
const EPOCH_MS = decimal({ min: 0, max: 8.64e15 });
const DAY_MS = 24 * 60 * 60_000;

/** What one task may say of itself besides its input; all beyond `metadata` and `task_id` is ours. */
const TASK_FIELDS = {
  task_input: required(dictionary),
  metadata: withDefault(dictionary, {}),
  task_id: optional(text(200)),
  endpoint: optional(text(500)),
  priority: optional(priority),
  tenant: optional(text(200)),
  not_before_ms: optional(EPOCH_MS),
  deadline_ms: optional(EPOCH_MS),
  max_retries: optional(integer({ min: 0, max: 100 })),
  timeout_ms: optional(integer({ min: 1, max: 7 * DAY_MS })),
  keep_result_ms: optional(integer({ min: 0, max: 365 * DAY_MS })),
  webhook: optional(record({ url: required(webAddress()) })),
} as const;

function priority(...[value, place, mistakes]: Parameters<Check<unknown>>) {
  const upper = typeof value === 'string' ? value.toUpperCase() : value;
  return oneOf(REQUEST_PRIORITIES)(upper, place, mistakes);
}

const SUBMISSION = record({ model_name: required(text(500)), ...TASK_FIELDS });
const BATCH_TASK = record(TASK_FIELDS);
type TaskFields = ReturnType<typeof BATCH_TASK>;

export async function submit(parts: TaskApiParts, call: TaskCall): Promise<TaskAnswer> {
  const { model_name: model, ...fields } = readBody(call.body, SUBMISSION);
  const idempotencyKey = idempotencyKeyOf(call);
  const nobody = nobodyServes(parts, model);
  if (nobody !== undefined) return detail(503, nobody);
  const task = { ...newTask(model, fields, idempotencyKey), ...traceOf(call) };
  const [submitted] = await parts.service.submit([task]);
  return answerTo(submitted!, task);
}

/** The trace that the caller is in. */
function traceOf({ header }: TaskCall): { readonly trace?: TraceHeaders } {
  const trace = traceHeadersOf({ traceparent: header('traceparent'), tracestate: header('tracestate') });
  return trace === undefined ? {} : { trace };
}

/** Long enough for whatever makes keys, short enough for an index. */
const KEY = text(255, 1);

function idempotencyKeyOf({ header }: TaskCall): string | undefined {
  const key = header('idempotency-key');
  return key === undefined ? undefined : checked(KEY, key, ['header', 'idempotency-key']);
}

/** A task with neither a usable id nor a key of its own gets a new identity at each submission. */
function newTask(model: string, fields: TaskFields, idempotencyKey?: string): NewTask {
  const known = fields.task_id === undefined ? undefined : canonicalTaskId(fields.task_id);
  return {
    id: known ?? newTaskId(),
    ...(known !== undefined && { givenId: fields.task_id! }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    model,
    input: fields.task_input,
    metadata: fields.metadata,
    ...present({
      endpoint: fields.endpoint,
      priority: fields.priority,
      tenant: fields.tenant,
      notBeforeMs: fields.not_before_ms,
      deadlineMs: fields.deadline_ms,
      maxRetries: fields.max_retries,
      timeoutMs: fields.timeout_ms,
      keepResultMs: fields.keep_result_ms,
      webhook: fields.webhook,
    }),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** What clients of the existing scheduler are told when there is nobody to run a task. */
export function nobodyServes({ service }: TaskApiParts, model: string): string | undefined {
  if (service.queues(model).some(({ isDraining }) => !isDraining)) return undefined;
  const hasAny = service.queues().some(({ isDraining }) => !isDraining);
  return hasAny ? `No available instances for model type ${model}` : 'No TaskInstances configured';
}

function answerTo({ outcome, instance }: Submitted, { id, givenId }: NewTask): TaskAnswer {
  if (outcome.type === 'conflict') return detail(409, conflictText(outcome.field, outcome.taskId));
  const known = outcome.type === 'known' ? outcome.task : undefined;
  return ok({
    status: 'success',
    task_id: known === undefined ? (givenId ?? id) : (known.givenId ?? known.id),
    scheduled_ti: known?.instance ?? known?.plannedInstance ?? instance ?? '',
  });
}

const conflictText = (field: string, taskId: string): string =>
  `${field}: task ${taskId} was submitted under it with another content; the same content gives the same task, another one needs another ${field}`;

export async function submitBatch(parts: TaskApiParts, call: TaskCall): Promise<TaskAnswer> {
  const { model_name: model, tasks } = readBody(
    call.body,
    record({
      model_name: required(text(500)),
      tasks: required(list(BATCH_TASK, parts.limits.maxBatchTasks)),
    }),
  );
  const key = idempotencyKeyOf(call);
  const results = await submitAll(parts, model, tasks, {
    ...traceOf(call),
    ...(key !== undefined && { key }),
  });
  const failed = results.filter(({ status }) => status === 'error').length;
  return ok({
    ...batchOutcome(results.length, failed),
    total_tasks: results.length,
    successful_tasks: results.length - failed,
    failed_tasks: failed,
    results,
  });
}

interface BatchResult {
  readonly index: number;
  readonly status: 'success' | 'error';
  readonly task_id: string | null;
  readonly scheduled_ti: string | null;
  readonly error: string | null;
}

/** All of them are stored together, or none is. The call's key and its place make the key of each. */
async function submitAll(
  parts: TaskApiParts,
  model: string,
  tasks: readonly TaskFields[],
  { key, ...trace }: { readonly key?: string; readonly trace?: TraceHeaders },
): Promise<readonly BatchResult[]> {
  if (tasks.length === 0) return [];
  const nobody = nobodyServes(parts, model);
  if (nobody !== undefined) return tasks.map((_, index) => refused(index, `Scheduling failed: ${nobody}`));
  const wanted = tasks.map((fields, index) => {
    const own = key === undefined ? undefined : `${key}[${index}]`;
    return { ...newTask(model, fields, own), ...trace };
  });
  let submitted: readonly Submitted[];
  try {
    submitted = await parts.service.submit(wanted);
  } catch (error) {
    const { code, message } = asSignalboxError(error);
    if (code === 'internal_error') throw error;
    throw new SignalboxError(code, `Batch submission failed: ${message}`, { cause: error });
  }
  return submitted.map((each, index) => batchResult(each, wanted[index]!, index));
}

function batchResult(submitted: Submitted, task: NewTask, index: number): BatchResult {
  const { status, body } = answerTo(submitted, task);
  if (status !== 200) return refused(index, (body as { readonly detail: string }).detail);
  const { task_id, scheduled_ti } = body as { readonly task_id: string; readonly scheduled_ti: string };
  return { index, status: 'success', task_id, scheduled_ti, error: null };
}

const refused = (index: number, error: string): BatchResult => ({
  index,
  status: 'error',
  task_id: null,
  scheduled_ti: null,
  error,
});

function batchOutcome(total: number, failed: number) {
  if (failed === 0) return { status: 'success', message: `All ${total} tasks submitted successfully` };
  if (failed === total) return { status: 'error', message: `All ${total} tasks failed to submit` };
  return { status: 'partial', message: `${total - failed} tasks succeeded, ${failed} tasks failed` };
}
