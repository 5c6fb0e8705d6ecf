/** `POST /result/submit` and `/notify/task_complete`: a task instance says that it is done. */

import type { CompletionOutcome } from '../../task-service.ts';
import { detail, ok, type TaskAnswer } from '../answer.ts';
import { readBody } from '../fields/body.ts';
import {
  anything,
  decimal,
  dictionary,
  optional,
  record,
  required,
  text,
  withDefault,
} from '../fields/checks.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';
import { canonicalTaskId } from '../task-id.ts';
import { notFound } from './tasks.ts';

const REPORT = {
  task_id: required(text(200)),
  instance_id: required(text(300)),
  execution_time: required(decimal({ min: 0 })),
} as const;

const RESULT = record({
  ...REPORT,
  result: required(dictionary),
  metadata: withDefault(dictionary, {}),
  replica_id: optional(text(300)),
  error: optional(text(100_000)),
});

/** Fields beyond these are left alone: instances of the existing system send a `result` that was always dropped. It is kept here. */
const NOTICE = record({ ...REPORT, result: optional(anything), error: optional(text(100_000)) });

export interface Completion {
  readonly task_id: string;
  readonly instance_id: string;
  readonly execution_time: number;
  readonly result?: unknown;
  readonly error?: string | undefined;
}

/** The same for each door by which a completion comes in. */
export async function complete({ service }: TaskApiParts, report: Completion): Promise<CompletionOutcome> {
  const taskId = canonicalTaskId(report.task_id);
  if (taskId === undefined) return { type: 'unknown-task' };
  return service.report({
    taskId,
    reporter: report.instance_id,
    executionMs: report.execution_time,
    ...(report.result !== undefined && { result: report.result }),
    ...(report.error !== undefined && { failureMessage: report.error }),
  });
}

export async function submitResult(parts: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const report = readBody(body, RESULT);
  const outcome = await complete(parts, report);
  if (outcome.type === 'accepted') {
    const total = `(total time: ${outcome.totalMs.toFixed(2)}ms)`;
    return ok({ status: 'success', message: `Result for task ${report.task_id} received ${total}` });
  }
  if (outcome.type === 'unknown-task') return notFound(report.task_id);
  if (outcome.type === 'too-large') return detail(413, refusal(outcome, report));
  return ok({ status: 'error', message: refusal(outcome, report) });
}

export async function notifyComplete(parts: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const report = readBody(body, NOTICE);
  const outcome = await complete(parts, report);
  const message = `Task ${report.task_id} completion processed`;
  if (outcome.type === 'accepted') return ok({ status: 'success', message, total_time_ms: outcome.totalMs });
  if (outcome.type === 'unknown-task') return notFound(report.task_id);
  if (outcome.type === 'too-large') return detail(413, refusal(outcome, report));
  // Told twice is told: an instance that did not hear our answer has done nothing wrong.
  if (outcome.type === 'already-ended' && outcome.task.state === 'completed')
    return ok({ status: 'success', message });
  return ok({ status: 'warning', message: refusal(outcome, report) });
}

type Refusal = Exclude<CompletionOutcome, { type: 'accepted' | 'unknown-task' }>;

export function refusal(outcome: Refusal, { task_id, instance_id }: Completion): string {
  switch (outcome.type) {
    case 'unknown-instance':
      return `Instance ${instance_id} not found`;
    case 'wrong-instance':
      return `Task ${task_id} is with instance ${outcome.expected}, not with ${instance_id}`;
    case 'already-ended':
      return `Task ${task_id} had ended before: ${outcome.task.state}`;
    case 'too-large':
      return `The result of task ${task_id} has ${outcome.bytes} bytes; at most ${outcome.maxBytes} are stored`;
    default:
      return outcome satisfies never;
  }
}
